// A cache-invalidation broadcast between three processes: this one writes, two others read through their own caches.
const { createClient } = require('redis'), assert = require('assert');
const { spawn } = require('child_process');
const { done, port, range, until } = require('./program');

const Keys = 20, Rounds = 200;

done(async () => {
    const r = await createClient({ socket: { port } }).connect();
    await Promise.all(range(Keys).map(k => r.set('value:' + k, '0')));
    const readers = range(2).map(() => new Promise((resolve, reject) => {
        const reader = spawn(process.execPath, [__dirname + '/cached-reader.js', port, Keys, Rounds], { stdio: ['ignore', 'pipe', 'inherit'] });
        let output = '';
        reader.stdout.on('data', text => output += text);
        reader.on('exit', code => code === 0 ? resolve(output) : reject(new Error('a reader ended with ' + code)));
    }));
    await until(async () => await r.get('ready') === '2');
    for (let round = 1; round <= Rounds; round++) {
        for (let k = 0; k < Keys; k++) {
            if (k % 5 === 0) await r.multi().set('value:' + k, String(round)).exec();
            else await r.set('value:' + k, String(round));
        }
    }
    assert.deepEqual(await Promise.all(readers), ['done\n', 'done\n']);
    r.destroy();
});
