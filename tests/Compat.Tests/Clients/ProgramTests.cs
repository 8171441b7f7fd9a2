using System.Globalization;

namespace MiniRedis.Compat.Tests.Clients;

/// <summary>What people build with a Redis, as small programs over redis-py: each ends in "done", or in an assertion of its own.</summary>
public sealed class ProgramTests
{
    const string Leaderboard = """
        import sys, random, redis
        r = redis.Redis(port=int(sys.argv[1]), decode_responses=True)
        draw, points = random.Random(7), {}
        for game in range(5000):
            player, won = 'player%d' % draw.randrange(300), draw.randrange(-5, 20)
            points[player] = points.get(player, 0) + won
            assert r.zincrby('board', won, player) == points[player]
        r.zadd('board', {'player1': 10**6, 'newcomer': 0})
        points.update({'player1': 10**6, 'newcomer': 0})
        ranked = sorted(points.items(), key=lambda p: (p[1], p[0]), reverse=True)
        assert r.zrevrange('board', 0, 9, withscores=True) == ranked[:10]
        assert r.zrevrange('board', 0, -1, withscores=True) == ranked
        assert r.zcard('board') == len(points)
        for place, (player, score) in enumerate(ranked):
            assert r.zrevrank('board', player) == place
            assert r.zrank('board', player) == len(ranked) - 1 - place
            assert r.zscore('board', player) == score
        assert r.zcount('board', 100, 200) == sum(100 <= s <= 200 for s in points.values())
        assert r.zpopmax('board') == [('player1', 1000000.0)] and r.zrevrank('board', 'player1') is None
        print('done')
        """;

    const string JobQueue = """
        import sys, threading, redis
        port, jobs, workers = int(sys.argv[1]), 1000, 5
        def worker(name):
            r, mine = redis.Redis(port=port, decode_responses=True), 'working:%d' % name
            # All but the first die once, with a job in hand.
            lives, count = 1 if name == 0 else 2, 0
            while True:
                job = r.blmove('jobs', mine, 0, 'LEFT', 'RIGHT')
                if job == 'stop':
                    r.lrem(mine, 1, job)
                    return
                count += 1
                if lives == 2 and count == 20:
                    # A new life begins with what the old one left undone.
                    lives = 1
                    while r.lmove(mine, 'jobs', 'RIGHT', 'LEFT'): pass
                    continue
                with r.pipeline(transaction=False) as p:
                    p.sadd('finished', job)
                    p.incr('runs')
                    p.lrem(mine, 1, job)
                    p.execute()
        threads = [threading.Thread(target=worker, args=(i,)) for i in range(workers)]
        for t in threads: t.start()
        r = redis.Redis(port=port, decode_responses=True)
        for i in range(jobs): r.rpush('jobs', 'job%d' % i)
        while r.scard('finished') < jobs: pass
        for t in threads: r.rpush('jobs', 'stop')
        for t in threads: t.join()
        assert r.smembers('finished') == {'job%d' % i for i in range(jobs)}
        assert int(r.get('runs')) == jobs, r.get('runs')
        assert r.exists('jobs', *['working:%d' % i for i in range(workers)]) == 0
        print('done')
        """;

    const string Pipeline = """
        import sys, threading, redis
        port, entries = int(sys.argv[1]), 600
        r = redis.Redis(port=port, decode_responses=True)
        r.xgroup_create('orders', 'billing', id='0', mkstream=True)
        sent = {r.xadd('orders', {'number': i}): str(i) for i in range(entries)}
        # One consumer takes fifty and dies without a word.
        [(_, taken)] = r.xreadgroup('billing', 'dead', {'orders': '>'}, count=50)
        assert len(taken) == 50 and r.xpending('orders', 'billing')['pending'] == 50
        billed, lock = {}, threading.Lock()
        def consume(name):
            mine = redis.Redis(port=port, decode_responses=True)
            while True:
                got = mine.xreadgroup('billing', name, {'orders': '>'}, count=7, block=0)
                for entry, fields in got[0][1]:
                    if fields['number'] != 'stop':
                        with lock: billed[entry] = billed.get(entry, 0) + 1, fields['number']
                        assert billed[entry][0] == 1
                    assert mine.xack('orders', 'billing', entry) == 1
                    if fields['number'] == 'stop': return
        threads = [threading.Thread(target=consume, args=('consumer%d' % i,)) for i in range(3)]
        for t in threads: t.start()
        while len(billed) < entries - 50: pass
        for t in threads:
            # One by one, so that nobody takes two.
            r.xadd('orders', {'number': 'stop'})
            while sum(x.is_alive() for x in threads) > len(threads) - 1 - threads.index(t): pass
        for t in threads: t.join()
        start, claimed = '0-0', []
        while True:
            reply = r.execute_command('XAUTOCLAIM', 'orders', 'billing', 'heir', 0, start, 'COUNT', 20)
            claimed += [e for e in reply[1]]
            start = reply[0]
            if start == '0-0': break
        assert [e[0] for e in claimed] == [e for e, _ in taken], claimed
        assert {p['name']: p['pending'] for p in r.xpending('orders', 'billing')['consumers']} == {'heir': 50}
        assert r.xack('orders', 'billing', *[e[0] for e in claimed]) == 50
        assert r.xpending('orders', 'billing')['pending'] == 0
        assert {e: n for e, (_, n) in billed.items()} == {e: n for e, n in sent.items() if e not in dict(taken)}
        print('done')
        """;

    [RedisPyFact(2)]
    public Task A_leaderboard_ranks_as_a_sorted_list_does() => Run(Leaderboard);

    [RedisPyFact(2)]
    public Task A_job_queue_with_workers_that_die_runs_every_job_once() => Run(JobQueue);

    [RedisPyFact(2)]
    public Task A_consumer_group_bills_every_order_though_a_consumer_dies() => Run(Pipeline);

    static async Task Run(string program)
    {
        using var server = new ServerProcess();
        Assert.Equal("done\n", await Tool.Run(RedisPyFactAttribute.Python, ["-c", program, server.Port.ToString(CultureInfo.InvariantCulture)]));
    }
}
