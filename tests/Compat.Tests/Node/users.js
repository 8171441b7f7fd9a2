// ioredis and node-redis as a user that may use the keys and channels of one application only.
const assert = require('assert');
const Redis = require('ioredis'), { createClient } = require('redis');
const { done, port } = require('./program');

const username = 'app', password = 'secret';

done(async () => {
    const io = new Redis({ port, username, password });
    assert.equal(await io.set('app:io', 'v'), 'OK');
    assert.equal(await io.get('app:io'), 'v');
    await assert.rejects(io.get('other'), /NOPERM No permissions to access a key/);
    await assert.rejects(io.flushall(), /NOPERM User app has no permissions to run the 'flushall' command/);
    await assert.rejects(io.eval("return redis.call('get', 'other')", 0), /NOPERM|ACL failure/);
    await assert.rejects(io.subscribe('other'), /NOPERM No permissions to access a channel/);
    io.disconnect();

    const stranger = new Redis({ port, username, password: 'wrong', retryStrategy: null, maxRetriesPerRequest: 0, lazyConnect: true });
    stranger.on('error', () => { });
    await assert.rejects(stranger.get('app:io'));
    stranger.disconnect();

    for (const RESP of [2, 3]) {
        const node = await createClient({ socket: { port }, username, password, RESP }).connect();
        assert.equal(await node.get('app:io'), 'v');
        await assert.rejects(node.set('other', 'v'), /NOPERM No permissions to access a key/);
        const listener = await node.duplicate().connect();
        const heard = new Promise(resolve => listener.subscribe('app:news', resolve));
        while (!await node.publish('app:news', 'hello'));
        assert.equal(await heard, 'hello');
        listener.destroy();
        node.destroy();
        await assert.rejects(createClient({ socket: { port, reconnectStrategy: false }, username, password: 'wrong', RESP }).connect(), /WRONGPASS/);
    }
});
