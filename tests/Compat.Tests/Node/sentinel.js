// ioredis finds the master by its Sentinels, and goes on writing when another becomes master.
const Redis = require('ioredis'), assert = require('assert');

const sentinels = process.argv.slice(2).map(port => ({ host: '127.0.0.1', port: Number(port) }));

async function main() {
    const sentinel = new Redis(sentinels[0].port);
    const address = async () => (await sentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster')).join(':');
    const master = new Redis({ sentinels, name: 'mymaster', maxRetriesPerRequest: null });
    const replica = new Redis({ sentinels, name: 'mymaster', role: 'slave' });
    assert.equal((await replica.role())[0], 'slave');
    assert.equal((await master.role())[0], 'master');
    await master.set('n', 0);
    const old = await address();
    assert.equal(await sentinel.call('SENTINEL', 'FAILOVER', 'mymaster'), 'OK');
    for (let written = 0; written < 100;) {
        try {
            await master.incr('n');
            if (await address() !== old) written++;
        } catch (refused) {
            assert.match(refused.message, /READONLY|Connection is closed/);
        }
    }
    assert.ok(Number(await master.get('n')) >= 100);
    for (const client of [sentinel, master, replica]) client.disconnect();
    console.log('done');
}

main().catch(failure => {
    console.error(failure);
    process.exit(1);
});
