// node-redis finds the master by its Sentinels, and goes on writing when another becomes master.
const { createClient, createSentinel } = require('redis'), assert = require('assert');

const ports = process.argv.slice(2).map(Number);

async function main() {
    const one = await createClient({ socket: { port: ports[0] } }).on('error', () => { }).connect();
    const address = async () => (await one.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster'])).join(':');
    const sentinel = createSentinel({
        name: 'mymaster',
        sentinelRootNodes: ports.map(port => ({ host: '127.0.0.1', port })),
        replicaPoolSize: 1,
        scanInterval: 200,
        passthroughClientErrorEvents: false,
    }).on('error', () => { });
    await sentinel.connect();
    await sentinel.set('n', 0);
    assert.equal(await sentinel.get('missing'), null);
    const old = await address();
    assert.equal(await one.sendCommand(['SENTINEL', 'FAILOVER', 'mymaster']), 'OK');
    for (let written = 0; written < 100;) {
        try {
            await sentinel.incr('n');
            if (await address() !== old) written++;
        } catch (refused) {
            assert.match(refused.message, /READONLY|UNBLOCKED|closed|disconnect|Socket/i);
        }
    }
    const client = await sentinel.acquire();
    assert.ok(Number(await client.get('n')) >= 100);
    client.release();
    sentinel.destroy();
    one.destroy();
    console.log('done');
}

main().catch(failure => {
    console.error(failure);
    process.exit(1);
});
