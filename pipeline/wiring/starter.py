"""What `pipeline init` writes: the smallest folder that is worth having."""

from collections.abc import Mapping

MANIFEST = """\
# A campaign: prompt templates × models × aspect ratios × variables.
# `pipeline plan manifests/campaign.yaml` says what it takes, before a credit is spent.
version: 1
name: first-campaign
account: sandbox                  # the embedded sandbox: no key, no money
budget: {credits: 300}

vars:
  brand: Acme

campaigns:
  - name: hero
    template: hero.txt.j2         # in templates/
    models: [nano-banana-2, imagen-4]
    aspect_ratios: [1:1, 16:9]
    vars:
      product: [headphones, speaker]

  - name: teaser                  # one short video for each picture above
    from: hero
    models: [v1-pro-fast-i2v-720p-5s]
    prompt: "slow push-in on the {{ product }}, soft light, no cuts"
    exclude:
      - {vars: {product: speaker}}
"""

TEMPLATE = """\
{{ brand }} {{ product }} on pale marble, soft studio light from the left,
matte surfaces, generous negative space, editorial product photography
"""

SETTINGS = """\
# Settings of this folder. A key never stands here: name the variable that holds it.

[accounts.sandbox]
speed = 60                        # a minute of the sandbox passes in a second

# [accounts.studio]
# provider = "kubeez"
# api_key_env = "STUDIO_KEY"
"""

STARTER: Mapping[str, str] = {
    "manifests/campaign.yaml": MANIFEST,
    "templates/hero.txt.j2": TEMPLATE,
    "pipeline.toml": SETTINGS,
}
