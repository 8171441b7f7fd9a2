using System.Globalization;

namespace MiniRedis.Compat.Tests.Clients;

/// <summary>redis-py, Debian's, in both protocols.</summary>
public sealed class RedisPyTests
{
    const string Python = "/usr/bin/python3";

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
        print('done')
        """;

    [ToolFact(Python, "python3")]
    public Task Redis_py_works() => Run(2);

    [ToolFact(Python, "python3")]
    public Task Redis_py_works_in_resp3_where_it_knows_it() => Run(3);

    static async Task Run(int protocol)
    {
        var (missing, _, _) = await Tool.Try(Python, ["-c", "import redis, sys; sys.exit(0 if sys.argv[1] == '2' or int(redis.__version__.split('.')[0]) >= 5 else 1)", $"{protocol}"]);
        if (missing != 0) return; // no redis-py, or one without RESP3: known only once Python has been asked, too late to skip
        using var server = new ServerProcess();
        Assert.Equal("done\n", await Tool.Run(Python, ["-c", Script, server.Port.ToString(CultureInfo.InvariantCulture), $"{protocol}"]));
    }
}
