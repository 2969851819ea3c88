// Clients that are no browser, and a proxy in between: the npm package `eventsource`, curl, and Debian's nginx with its
// default proxy_pass. Run by ./run. Nothing here sleeps: every wait is for a condition.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { EventSource } from 'eventsource';

const A = process.env.BOARD_A ?? 'http://127.0.0.1:8080';
const B = process.env.BOARD_B ?? 'http://127.0.0.1:8081';
const NGINX = process.env.NGINX ?? '/usr/sbin/nginx';
const LIMIT = { timeout: 60_000 };

let cleanups = [];

afterEach(async () => {
  const mine = cleanups.reverse();
  cleanups = [];
  for (const cleanup of mine) await cleanup();
});

// --- tests ------------------------------------------------------------------------------------------------------

test('the npm package gets what is published on the other node, and resumes there', LIMIT, async () => {
  const topic = freshTopic();
  const first = await openSource(A, topic);
  const one = await publish(B, topic, 'one');
  assert.deepEqual(await first.next(), { data: 'one', id: one });
  first.close();

  const two = await publish(A, topic, 'two\r\nlines');
  const resumed = await openSource(B, topic, `&lastEventId=${one}`);

  assert.deepEqual(await resumed.next(), { data: 'two\nlines', id: two });
});

test('curl sees the head and the first comment before any event', LIMIT, async () => {
  const topic = freshTopic();
  const curl = run('curl', ['-sN', '-i', `${A}/events?topic=${topic}`]);

  const seen = await curl.until(': connected\n\n');

  assert.match(seen, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(seen, /content-type: text\/event-stream; ?charset=utf-8\r\n/i);
  assert.match(seen, /x-accel-buffering: no\r\n/i);
  await publish(B, topic, 'later');
  await curl.until('data: later\n\n');
});

test('curl is refused with a reason when the filter is bad', LIMIT, async () => {
  const curl = run('curl', ['-s', '-i', `${A}/events?topic=a//b`]);

  const seen = await curl.end();

  assert.match(seen, /^HTTP\/1\.1 400 /);
  assert.match(seen, /"error"/);
});

test('events pass nginx and its default proxy_pass one by one', LIMIT, async () => {
  const proxy = await nginxBefore(A);
  const topic = freshTopic();
  const source = await openSource(proxy, topic);

  // Each is published only when the one before has come through: a proxy that gathers them would stop this here.
  for (const data of ['one', 'two', 'three']) {
    const id = await publish(B, topic, data);
    assert.deepEqual(await source.next(), { data, id });
  }
});

test('nginx with gzip on leaves a stream as it is', LIMIT, async () => {
  const proxy = await nginxBefore(A, 'gzip on; gzip_min_length 0; gzip_proxied any;');
  const topic = freshTopic();
  const curl = run('curl', ['-sN', '-i', '-H', 'Accept-Encoding: gzip', `${proxy}/events?topic=${topic}`]);

  await curl.until(': connected\n\n');
  await publish(B, topic, 'plain');

  assert.doesNotMatch(await curl.until('data: plain\n\n'), /content-encoding/i);
});

test('nginx that was told to compress every type still passes events one by one', LIMIT, async () => {
  const proxy = await nginxBefore(A, 'gzip on; gzip_types *; gzip_min_length 0; gzip_proxied any;');
  const topic = freshTopic();
  const curl = run('curl', ['-sN', '-i', '--compressed', `${proxy}/events?topic=${topic}`]);

  await curl.until(': connected\n\n');
  for (const data of ['one', 'two', 'three']) {
    await publish(B, topic, data);
    await curl.until(`data: ${data}\n\n`);
  }
});

test('a client that leaves behind nginx is noticed by the server', LIMIT, async () => {
  const proxy = await nginxBefore(A);
  const topic = freshTopic();
  const before = await connections(A);
  const source = await openSource(proxy, topic);
  await until(async () => (await connections(A)) > before);

  source.close();

  await until(async () => (await connections(A)) <= before);
});

// --- clients ----------------------------------------------------------------------------------------------------

function freshTopic() {
  return `clients/${process.pid}/${Math.random().toString(36).slice(2)}`;
}

async function publish(node, topic, data) {
  const answer = await fetch(`${node}/topics/${topic}/events?type=note`, { method: 'POST', body: data });
  assert.ok(answer.ok, `published: ${answer.status}`);
  return (await answer.json()).id;
}

async function connections(node) {
  return (await (await fetch(`${node}/healthz`)).json()).connections;
}

// An open source of that topic; next() waits for the next event.
async function openSource(node, topic, more = '') {
  const source = new EventSource(`${node}/events?topic=${topic}${more}`);
  cleanups.push(() => source.close());
  const got = [];
  let waiting = () => {};
  source.addEventListener('note', event => {
    got.push({ data: event.data, id: event.lastEventId });
    waiting();
  });
  await new Promise((resolve, reject) => {
    source.onopen = resolve;
    source.onerror = event => reject(new Error(`not open: ${event.message}`));
  });
  source.onerror = null;
  return {
    close: () => source.close(),
    next: async () => {
      while (got.length === 0) await new Promise(resolve => { waiting = resolve; });
      return got.shift();
    },
  };
}

// A program; until() waits for its output to contain a text, end() for its end.
function run(program, args) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let seen = '';
  let waiting = () => {};
  child.stdout.setEncoding('utf8').on('data', text => {
    seen += text;
    waiting();
  });
  const closed = once(child, 'close').then(() => waiting());
  cleanups.push(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await closed;
  });
  return {
    child,
    end: async () => {
      await closed;
      return seen;
    },
    until: async text => {
      while (!seen.includes(text)) {
        assert.equal(child.exitCode, null, `${program} has ended: ${seen}`);
        await new Promise(resolve => { waiting = resolve; });
      }
      return seen;
    },
  };
}

// The address of an nginx of ours that passes everything on to that node.
async function nginxBefore(node, more = '') {
  const home = await mkdtemp(join(tmpdir(), 'nginx-'));
  const port = await freePort();
  await writeFile(join(home, 'nginx.conf'), `
    daemon off;
    worker_processes 1;
    pid ${home}/nginx.pid;
    error_log ${home}/error.log;
    events { worker_connections 64; }
    http {
      access_log off;
      client_body_temp_path ${home}/body;
      proxy_temp_path ${home}/proxy;
      fastcgi_temp_path ${home}/fastcgi;
      uwsgi_temp_path ${home}/uwsgi;
      scgi_temp_path ${home}/scgi;
      ${more}
      server {
        listen 127.0.0.1:${port};
        location / { proxy_pass ${node}; }
      }
    }`);
  cleanups.push(() => rm(home, { recursive: true, force: true }));
  const nginx = spawn(NGINX, ['-p', home, '-e', join(home, 'error.log'), '-c', join(home, 'nginx.conf')],
    { stdio: 'inherit' });
  const closed = once(nginx, 'close');
  cleanups.push(async () => {
    nginx.kill('SIGTERM');
    await closed;
  });
  const address = `http://127.0.0.1:${port}`;
  await until(() => fetch(`${address}/healthz`).then(answer => answer.ok, () => {
    assert.equal(nginx.exitCode, null, 'nginx has ended');
    return false;
  }));
  return address;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

// Asks again and again, giving others their turn, until the answer is yes; the test's own limit ends it.
async function until(condition) {
  while (!(await condition())) await new Promise(resolve => setImmediate(resolve));
}
