"""Goal: settings mean what the contract says, the nearer wins, and no key is taken or repeated.

Method: a `pipeline.toml` in a temporary folder, another as the user's own, and an environment.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.core.errors import AuthorError
from pipeline.core.money import Money
from pipeline.core.price_rule import Flat, PerSecond
from pipeline.inputs.settings import Settings, read_settings
from pipeline.inputs.settings_grammar import PROVIDERS

CONTRACT = """
max_jobs = 50
out = "made"
[accounts.agency-a]
provider = "kubeez"
api_key_env = "AGENCY_A_KEY"
base_url = "http://127.0.0.1:8787/"
probe = true
[accounts.agency-a.limits]
media_per_minute = 30
media_in_flight = 10
[accounts.agency-a.prices]
"kling-3-0-std" = "21/s"
flux = 14
[accounts.agency-a.budget]
per_day = 0.5
per_month = "200"
[accounts.sandbox]
speed = 60
seed = 7
[webhooks]
listen = "127.0.0.1:8899"
public_url = "https://hooks.example.com/media"
"""


def read(folder: Path, text: str = "", user: str = "",
         environ: Mapping[str, str] | None = None) -> Settings:
    (folder / "user").mkdir(exist_ok=True)
    for path, said in ((folder, text), (folder / "user", user)):
        (path / "pipeline.toml").write_text(said)
    return read_settings(folder, {"PIPELINE_CONFIG_DIR": str(folder / "user"), **(environ or {})})


def told(folder: Path, text: str, environ: Mapping[str, str] | None = None
         ) -> list[tuple[int, str, str]]:
    with pytest.raises(AuthorError) as caught:
        read(folder, text, environ=environ)
    return [(problem.at.line if problem.at else 0, problem.message, problem.hint)
            for problem in caught.value.problems]


def test_the_contracts_example_is_read(tmp_path: Path) -> None:
    settings = read(tmp_path, CONTRACT)
    agency = settings.account("agency-a")
    assert agency is not None
    assert (agency.provider, agency.api_key_env, agency.base_url) == (
        "kubeez", "AGENCY_A_KEY", "http://127.0.0.1:8787")
    assert agency.limits == {"media_per_minute": 30, "media_in_flight": 10}
    assert agency.prices == {"kling-3-0-std": PerSecond(Money.parse("21")),
                             "flux": Flat(Money.parse("14"))}
    assert agency.budget.per_day == Money.parse("0.5")
    assert agency.budget.per_month == Money.parse("200")
    assert agency.at is not None
    assert agency.at.line == 4
    assert agency.probe
    assert (settings.max_jobs, settings.out) == (50, tmp_path / "made")
    assert (settings.listen, settings.public_url) == (
        "127.0.0.1:8899", "https://hooks.example.com/media")


def test_without_a_file_every_provider_has_its_account(tmp_path: Path) -> None:
    settings = read_settings(tmp_path, {"PIPELINE_CONFIG_DIR": str(tmp_path / "none")})
    assert settings.names == PROVIDERS
    for name in PROVIDERS:
        account = settings.account(name)
        assert account is not None
        assert (account.name, account.provider, account.dialect) == (name, name, "auto")
        assert not account.probe
    assert settings.account("agency-a") is None
    assert (settings.max_jobs, settings.default_account) == (1_000_000, "")
    assert (settings.out, settings.state) == (tmp_path / "outputs", tmp_path / "state")


def test_the_folders_file_wins_over_the_users_key_by_key(tmp_path: Path) -> None:
    user = ('account = "mine"\nmax_jobs = 9\n[accounts.mine]\nprovider = "mediaengine"\n'
            'dialect = "page"\n[accounts.mine.limits]\nmedia_per_minute = 1\n'
            'music_per_minute = 2\n')
    settings = read(tmp_path, 'max_jobs = 5\n[accounts.mine.limits]\nmedia_per_minute = 3\n', user)
    mine = settings.account("mine")
    assert mine is not None
    assert mine.limits == {"media_per_minute": 3, "music_per_minute": 2}
    assert (mine.provider, mine.dialect) == ("mediaengine", "page")
    assert (settings.max_jobs, settings.default_account) == (5, "mine")


def test_the_environment_wins_over_the_files(tmp_path: Path) -> None:
    settings = read(tmp_path, CONTRACT, environ={
        "PIPELINE_STATE": "s", "PIPELINE_OUT": "/abs/o", "PIPELINE_ACCOUNT": "agency-a",
        "PIPELINE_MAX_JOBS": "7", "PIPELINE_SANDBOX_SPEED": "1.5", "PIPELINE_SANDBOX_SEED": "0",
        "PIPELINE_SANDBOX_FAULTS": "f.yaml", "PIPELINE_WEBHOOKS_LISTEN": "0.0.0.0:80",
        "PIPELINE_WEBHOOKS_PUBLIC_URL": ""})
    sandbox, agency = settings.account("sandbox"), settings.account("agency-a")
    assert sandbox is not None
    assert agency is not None
    assert (sandbox.speed, sandbox.seed, sandbox.faults) == (1.5, 0, "f.yaml")
    assert (agency.speed, agency.seed, agency.faults) == (None, None, None)
    assert (settings.state, settings.out) == (tmp_path / "s", Path("/abs/o"))
    assert (settings.max_jobs, settings.default_account) == (7, "agency-a")
    assert (settings.listen, settings.public_url) == (
        "0.0.0.0:80", "https://hooks.example.com/media")


def test_every_mistake_is_told_at_its_line(tmp_path: Path) -> None:
    text = """max_job = 5
[accounts.a]
provider = "kubez"
base_url = "http://example.com"
dialect = "auto "
[accounts.b]
base_url = "https://me:pw@example.com"
[accounts."c"]
provider = "sandbox"
speed = nan
limits = {media_per_minutes = 3, media_in_flight = 0, reads_per_minute = true}
prices = {x = "1e3"}
budget.per_day = -5
[webhooks]
listen = "127.0.0.1"
"""
    lines = told(tmp_path, text, {"PIPELINE_MAX_JOBS": "many"})
    assert [line for line, _, _ in lines] == [0, 1, 3, 4, 5, 7, 10, 11, 11, 11, 12, 13, 15]
    words = {message: hint for _, message, hint in lines}
    assert words["unknown key 'max_job'"] == "did you mean max_jobs?"
    assert words["unknown key 'media_per_minutes'"] == "did you mean media_per_minute?"
    assert words["unknown provider"] == "did you mean kubeez?"
    assert words["PIPELINE_MAX_JOBS is a whole number from 1 on"] == ""


def test_an_account_of_ones_own_names_its_provider(tmp_path: Path) -> None:
    assert told(tmp_path, "[accounts.mine]\nseed = 1\n")[0][:2] == (
        1, "account 'mine' names no provider")
    assert read(tmp_path, "[accounts.kubeez]\napi_key_env = 'K'\n").account("kubeez")


@pytest.mark.parametrize("text", [
    '[accounts.kubeez]\napi_key = "{}"', '[accounts.kubeez]\ntoken = "{}"', 'secret = "{}"',
    '[accounts.kubeez]\nApiKey = "{}"', '[accounts.kubeez]\napi_key_env = "{}"', '"{}" = 1',
    '[accounts.kubeez]\nbase_url = "{}"', '[accounts.kubeez]\nfaults = "{}"', 'out = ["{}"]',
    '[accounts.kubeez]\nbase_url = "https://x.com/?key={}"', '[accounts.kubeez.limits]\n"{}" = 1',
    'account = "Bearer {}"', '[accounts."{}"]\nprovider = "kubeez"', 'authorization = ["{}"]'])
def test_a_key_in_a_file_is_refused_and_never_repeated(text: str, tmp_path: Path) -> None:
    for key in ("sk_live_0123456789abcdef", "a1b2c3d4" * 5, "7c9e6679-7425-40de-944b-e07fc1f90ae7",
                "eyJhbGciOiJIUzI1NiJ9.e30.abc"):
        with pytest.raises(AuthorError) as caught:
            read(tmp_path, text.replace("{}", key))
        assert all(key not in f"{problem}" for problem in caught.value.problems)


@pytest.mark.parametrize("text", [
    "a = [", "a = " + "[" * 100_000, "a = " + "9" * 5000, "a = sk_live_123", "\x00", "a = 1\na = 2",
    "[a]\n[a]", "x" * 300_000, 'a = "\ud800"'])
def test_what_is_no_toml_is_told_without_a_traceback(text: str, tmp_path: Path) -> None:
    path = tmp_path / "pipeline.toml"
    path.write_bytes(text.encode(errors="surrogatepass"))
    with pytest.raises(AuthorError) as caught:
        read_settings(tmp_path, {"PIPELINE_CONFIG_DIR": str(tmp_path / "none")})
    assert "sk_live" not in str(caught.value)


@pytest.mark.parametrize(("name", "value"), [
    ("MAX_JOBS", "0"), ("MAX_JOBS", "1e3"), ("MAX_JOBS", "-1"), ("SANDBOX_SPEED", "0"),
    ("SANDBOX_SPEED", "inf"), ("SANDBOX_SPEED", "fast"), ("SANDBOX_SEED", "x"),
    ("WEBHOOKS_LISTEN", "8899"), ("WEBHOOKS_LISTEN", "a:99999"),
    ("WEBHOOKS_PUBLIC_URL", "http://example.com"), ("MAX_JOBS", "١٢")])
def test_a_wrong_variable_is_told_by_its_name(name: str, value: str, tmp_path: Path) -> None:
    assert f"PIPELINE_{name}" in told(tmp_path, "", {f"PIPELINE_{name}": value})[0][1]
