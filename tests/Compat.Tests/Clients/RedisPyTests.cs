using System.Globalization;
using System.Runtime.CompilerServices;

namespace MiniRedis.Compat.Tests.Clients;

/// <summary>redis-py, Debian's, in both protocols.</summary>
public sealed class RedisPyTests
{
    const string Script = """
        import sys, redis
        port, protocol = int(sys.argv[1]), int(sys.argv[2])
        r = redis.Redis(port=port, db=1, client_name='compat', **({'protocol': 3} if protocol == 3 else {}))
        assert r.ping()
        assert r.set('k', b'\x00\xff\r\n') and r.get('k') == b'\x00\xff\r\n'
        assert r.set('k', 'v', ex=100, nx=True) is None
        assert r.set('t', 'v', px=100000) and 0 < r.pttl('t') <= 100000
        assert r.get('missing') is None
        assert [r.incr('n', 2), r.decr('n'), r.incrbyfloat('n', 0.5)] == [2, 1, 1.5]
        assert r.mset({'a': 1, 'b': 2}) and r.mget('a', 'b', 'c') == [b'1', b'2', None]
        with r.pipeline(transaction=False) as p:
            for i in range(1000): p.set('p%d' % i, i)
            for i in range(1000): p.get('p%d' % i)
            replies = p.execute()
        assert replies == [True] * 1000 + [str(i).encode() for i in range(1000)]
        assert sorted(r.scan_iter('p99*')) == sorted(k.encode() for k in ['p99'] + ['p99%d' % i for i in range(10)])
        assert r.delete('a', 'b') == 2 and r.exists('a', 'n') == 1
        me = r.client_info()
        assert me['name'] == 'compat' and me['db'] == '1' or me['db'] == 1, me
        assert any(c['name'] == 'compat' for c in r.client_list())
        try:
            r.execute_command('NOPE')
            assert False
        except redis.ResponseError as e:
            assert 'unknown command' in str(e)
        assert redis.Redis(port=port).dbsize() == 0
        def next(p):
            while True:
                m = p.get_message(timeout=10)
                assert m is not None
                return {k: v for k, v in m.items() if k != 'pattern' or v}
        r.config_set('notify-keyspace-events', 'KEA')
        p = r.pubsub()
        p.subscribe('news')
        p.psubscribe('n*', '__keyspace@1__:*')
        assert [next(p)['data'] for _ in range(3)] == [1, 2, 3]
        for i in range(100): assert r.publish('news', i) == 2
        for i in range(100):
            assert next(p) == {'type': 'message', 'channel': b'news', 'data': b'%d' % i}
            assert next(p) == {'type': 'pmessage', 'pattern': b'n*', 'channel': b'news', 'data': b'%d' % i}
        r.set('watched', 1)
        assert next(p) == {'type': 'pmessage', 'pattern': b'__keyspace@1__:*', 'channel': b'__keyspace@1__:watched', 'data': b'set'}
        p.ping('still there')
        assert next(p)['data'] == b'still there'
        assert r.pubsub_channels() == [b'news'] and r.pubsub_numsub('news') == [(b'news', 1)] and r.pubsub_numpat() == 2
        p.unsubscribe()
        assert next(p) == {'type': 'unsubscribe', 'channel': b'news', 'data': 2}
        p.punsubscribe()
        assert sorted(next(p)['channel'] for _ in range(2)) == [b'__keyspace@1__:*', b'n*']
        assert r.publish('news', 'x') == 0
        p.close()
        with r.monitor() as m:
            r.get('seen')
            line = m.next_command()
            assert line['command'] == 'GET seen' and line['db'] == 1, line
        print('done')
        """;

    [RedisPyFact(2)]
    public Task Redis_py_works() => Run(2);

    [RedisPyFact(3)]
    public Task Redis_py_works_in_resp3() => Run(3);

    static async Task Run(int protocol)
    {
        using var server = new ServerProcess();
        Assert.Equal("done\n", await Tool.Run(RedisPyFactAttribute.Python, ["-c", Script, server.Port.ToString(CultureInfo.InvariantCulture), $"{protocol}"]));
    }
}

/// <summary>A test of redis-py, skipped where the system's Python has none, or one that does not know the protocol.</summary>
[AttributeUsage(AttributeTargets.Method)]
sealed class RedisPyFactAttribute : FactAttribute
{
    /// <summary>Debian's: a python of another origin on the PATH does not see Debian's packages.</summary>
    public const string Python = "/usr/bin/python3";

    static readonly int s_majorVersion = MajorVersion();

    public RedisPyFactAttribute(int protocol, [CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line)
    {
        if (s_majorVersion == 0) Skip = "redis-py is not installed (Debian: apt install python3-redis)";
        else if (protocol == 3 && s_majorVersion < 5) Skip = $"redis-py {s_majorVersion} speaks RESP2 only; RESP3 came with 5";
    }

    static int MajorVersion()
    {
        if (!Tool.IsInstalled(Python)) return 0;
        var (code, output, _) = Tool.Try(Python, ["-c", "import redis; print(redis.__version__.split('.')[0])"]).GetAwaiter().GetResult();
        return code == 0 ? int.Parse(output, CultureInfo.InvariantCulture) : 0;
    }
}
