// A start and a look at the quick service, as a custom provider of promptfoo.
// It notes when the first call began and when the last one ended, for peer_promptfoo.py.

const fs = require('node:fs');
const http = require('node:http');

const LINES = 64;
const agent = new http.Agent({ keepAlive: true, maxSockets: LINES });

let began;
let ended;

function spent() {
  const { user, system } = process.cpuUsage();
  return { wall_s: performance.now() / 1e3, cpu_s: (user + system) / 1e6 };
}

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const request = http.request(process.env.QUICK + path, { agent, method, headers }, (answer) => {
      let text = '';
      answer.on('data', (piece) => { text += piece; });
      answer.on('end', () => resolve(JSON.parse(text)));
    });
    request.on('error', reject);
    request.end(body && JSON.stringify(body));
  });
}

process.on('exit', () => {
  const took = { wall_s: ended.wall_s - began.wall_s, cpu_s: ended.cpu_s - began.cpu_s };
  fs.writeFileSync(process.env.TOOK, JSON.stringify(took));
});

module.exports = class Quick {
  id() {
    return 'quick';
  }

  async callApi(prompt) {
    began ??= spent();
    const said = await call('POST', '/v1/generate/media', { prompt, model: 'nano-banana' });
    const told = await call('GET', `/v1/generate/media/${said.generation_id}`);
    ended = spent();
    return told.status === 'completed' ? { output: said.generation_id } : { error: told.status };
  }
};
