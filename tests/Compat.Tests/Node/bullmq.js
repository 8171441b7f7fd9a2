// BullMQ: ten thousand jobs with delays, retries and priorities, by workers of which one is killed. None is lost, and none is done twice
// but by the killed worker's successor, as its documentation promises.
const { Queue, Worker, FlowProducer, QueueEvents } = require('bullmq'), { fork } = require('child_process'), assert = require('assert');
const Redis = require('ioredis');
const { done, port, range, until } = require('./program');

const connection = { port, db: 3, maxRetriesPerRequest: null }, jobs = +process.argv[3];
const stalls = { lockDuration: 1000, stalledInterval: 500, maxStalledCount: 5 };

// The program that is killed: it takes jobs, tells of each, and finishes none of the last ones.
if (process.argv[4] === 'victim') {
    new Worker('many', job => new Promise(() => process.send(job.id)), { connection, concurrency: 5, ...stalls });
    return;
}

async function many() {
    const queue = new Queue('many', { connection, defaultJobOptions: { attempts: 3, backoff: { type: 'fixed', delay: 1 } } });
    const batch = range(jobs).map(i => ({
        name: 'job', data: { i },
        opts: { jobId: 'j' + i, ...i % 7 === 0 && { delay: i % 50 }, ...i % 11 === 0 && { priority: 1 + i % 20 } },
    }));
    for (let i = 0; i < jobs; i += 500) await queue.addBulk(batch.slice(i, i + 500));
    assert.equal((await queue.add('job', { i: 0 }, { jobId: 'j0' })).id, 'j0');

    // What the victim holds when it is killed comes back to others.
    const victim = fork(__filename, [port, jobs, 'victim']), held = new Set();
    await new Promise(resolve => victim.on('message', id => held.add(id).size === 5 && resolve()));
    victim.kill('SIGKILL');

    const runs = new Map(), failed = new Set();
    const worker = new Worker('many', async job => {
        if (job.data.i % 13 === 0 && !failed.has(job.id)) {
            failed.add(job.id);
            throw new Error('the first time');
        }
        runs.set(job.id, (runs.get(job.id) ?? 0) + 1);
    }, { connection, concurrency: 50, ...stalls });
    await until(() => runs.size === jobs);
    await until(async () => (await queue.getJobCounts('active')).active === 0);
    const counts = await queue.getJobCounts('completed', 'failed', 'waiting', 'delayed', 'prioritized');
    assert.deepEqual(counts, { completed: jobs, failed: 0, waiting: 0, delayed: 0, prioritized: 0 });
    assert.deepEqual([...runs].filter(([id, n]) => n > 1 && !held.has(id)), []);
    await worker.close();
    await queue.obliterate();
    await queue.close();
}

async function flows() {
    const events = new QueueEvents('parents', { connection });
    const child = new Worker('children', async job => job.data.n * job.data.n, { connection });
    const parent = new Worker('parents', async job => Object.values(await job.getChildrenValues()).reduce((a, b) => a + b), { connection });
    const producer = new FlowProducer({ connection });
    const { job } = await producer.add({
        name: 'sum', queueName: 'parents', children: range(20).map(n => ({ name: 'square', queueName: 'children', data: { n } })),
    });
    assert.equal(await job.waitUntilFinished(events), 2470);
    await Promise.all([child, parent, producer, events].map(x => x.close()));
}

async function schedules() {
    const queue = new Queue('scheduled', { connection });
    await queue.upsertJobScheduler('often', { every: 20 }, { name: 'tick' });
    let ticks = 0;
    const worker = new Worker('scheduled', async () => { ticks++; }, { connection, limiter: { max: 1000, duration: 1000 } });
    await until(() => ticks >= 3);
    assert.ok(await queue.removeJobScheduler('often'));
    await queue.pause();
    assert.ok(await queue.isPaused());
    await queue.resume();
    await worker.close();
    await queue.drain(true);
    await queue.close();
}

done(async () => {
    await many();
    await flows();
    await schedules();
    const r = new Redis({ port, db: 3 });
    assert.equal((await r.info('commandstats')).match(/cmdstat_evalsha:calls=(\d+)/)[1] > jobs, true);
    await r.quit();
});
