using System.Globalization;
using System.Runtime.CompilerServices;

namespace MiniRedis.Compat.Tests.Clients;

/// <summary>Job queues of Python and Ruby, and redis-py's locks and functions: all of them scripts. Debian's packages.</summary>
public sealed class ScriptUsersTests
{
    const string RedisPy = """
        import sys, redis
        r = redis.Redis(port=int(sys.argv[1]))
        lock = r.lock('lock', timeout=10)
        assert lock.acquire(blocking=False) and not r.lock('lock').acquire(blocking=False)
        lock.extend(10)
        lock.reacquire()
        lock.release()
        assert not r.exists('lock')
        try:
            lock.release()
            assert False
        except redis.exceptions.LockError: pass
        s = r.register_script("return {KEYS[1], ARGV[1], redis.call('incr', KEYS[1])}")
        assert s(keys=['n'], args=['a']) == [b'n', b'a', 1] and s(keys=['n'], args=['b']) == [b'n', b'b', 2]
        r.script_flush()
        assert s(keys=['n'], args=['c']) == [b'n', b'c', 3]
        assert r.script_exists(s.sha) == [True]
        with r.pipeline() as p:
            s(keys=['n'], args=['d'], client=p)
            p.get('n')
            assert p.execute() == [[b'n', b'd', 4], b'4']
        assert r.function_load("#!lua name=lib\nredis.register_function('f', function(k, a) return a[1] end)") == b'lib'
        assert r.fcall('f', 0, 'x') == b'x'
        dump = r.function_dump()
        assert r.function_flush() and r.function_list() == []
        assert r.function_restore(dump) and r.fcall('f', 0, 'y') == b'y'
        assert r.function_delete('lib')
        print('done')
        """;

    const string Rq = """
        import sys, redis, rq
        r = redis.Redis(port=int(sys.argv[1]), db=4)
        q = rq.Queue('jobs', connection=r)
        jobs = [q.enqueue('operator.mul', 2, i) for i in range(20)]
        late = q.enqueue('operator.mul', 2, 50, depends_on=jobs[3])
        bad = q.enqueue('operator.mul', 'x', 'y', retry=rq.Retry(max=2))
        rq.SimpleWorker([q], connection=r).work(burst=True, logging_level='CRITICAL')
        assert [j.result for j in jobs] == [2 * i for i in range(20)]
        assert late.result == 100
        assert bad.get_status() == 'failed', bad.get_status()
        assert len(q) == 0 and q.finished_job_registry.count == 21 and q.failed_job_registry.count == 1
        print('done')
        """;

    const string Celery = """
        import sys
        from celery import Celery, group, chord
        from celery.contrib.testing.worker import start_worker
        app = Celery('t', broker='redis://localhost:%s/5' % sys.argv[1], backend='redis://localhost:%s/6' % sys.argv[1])
        app.conf.update(worker_hijack_root_logger=False, task_serializer='json')
        @app.task
        def add(x, y): return x + y
        @app.task(bind=True, max_retries=2, default_retry_delay=0)
        def flaky(self):
            if self.request.retries < 1: raise self.retry()
            return 'ok'
        @app.task
        def total(xs): return sum(xs)
        with start_worker(app, pool='solo', perform_ping_check=False, shutdown_timeout=30):
            assert group(add.s(i, i) for i in range(20))().get(timeout=60) == [2 * i for i in range(20)]
            assert flaky.delay().get(timeout=60) == 'ok'
            assert chord((add.s(i, 1) for i in range(10)), total.s())().get(timeout=60) == 55
            assert add.apply_async((1, 2), countdown=0.1, priority=3).get(timeout=60) == 3
        print('done')
        """;

    /// <summary>Loaded by sidekiq as the program of its workers, and run by itself to feed them.</summary>
    const string Sidekiq = """
        require 'sidekiq'
        require 'sidekiq/api'
        url = "redis://localhost:#{ENV.fetch('PORT')}/7"
        Sidekiq.configure_server do |c|
          c.redis = { url: url }
          c.options[:poll_interval_average] = 1
        end
        Sidekiq.configure_client { |c| c.redis = { url: url } }

        class Add
          include Sidekiq::Worker
          sidekiq_options retry: 0
          def perform(key, i) = Sidekiq.redis { |r| r.hincrby(key, i.to_s, 1) }
        end

        if $PROGRAM_NAME == __FILE__
          Add.perform_async('done', 0)
          Sidekiq::Client.push_bulk('class' => Add, 'args' => (1..199).map { |i| ['done', i] })
          Add.perform_in(0.5, 'done', 200)
          worker = spawn('sidekiq', '-r', File.expand_path(__FILE__), '-c', '4', out: File::NULL, err: File::NULL)
          begin
            Thread.pass until Sidekiq.redis { |r| r.hlen('done') } == 201
            raise 'twice' unless Sidekiq.redis { |r| r.hvals('done') }.all?('1')
            raise 'left' unless Sidekiq::Queue.new.size.zero? && Sidekiq::ScheduledSet.new.size.zero?
            raise 'failed' unless Sidekiq::Stats.new.failed.zero?
          ensure
            Process.kill(:TERM, worker)
            Process.wait(worker)
          end
          puts 'done'
        end
        """;

    [PythonFact("redis", "python3-redis")]
    public Task Locks_scripts_and_functions_of_redis_py_work() => Python(RedisPy);

    [PythonFact("rq", "python3-rq")]
    public Task Rq_works() => Python(Rq);

    [PythonFact("celery", "python3-celery")]
    public Task Celery_works() => Python(Celery);

    [ToolFact("sidekiq", "ruby-sidekiq")]
    public async Task Sidekiq_works()
    {
        using var server = new ServerProcess();
        var program = Path.Combine(Directory.CreateTempSubdirectory("miniredis-sidekiq-").FullName, "add.rb");
        await File.WriteAllTextAsync(program, Sidekiq, TestContext.Current.CancellationToken);
        var port = server.Port.ToString(CultureInfo.InvariantCulture);
        Assert.Equal("done\n", await Tool.Run("env", [$"PORT={port}", "ruby", program]));
        Directory.Delete(Path.GetDirectoryName(program)!, recursive: true);
    }

    static async Task Python(string script)
    {
        using var server = new ServerProcess();
        var output = await Tool.Run(PythonFactAttribute.Interpreter, ["-c", script, server.Port.ToString(CultureInfo.InvariantCulture)]);
        Assert.EndsWith("done\n", output);
    }
}

/// <summary>A test that runs Debian's Python with a package, skipped where that is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
sealed class PythonFactAttribute : FactAttribute
{
    /// <summary>Debian's own, for which its packages are.</summary>
    public const string Interpreter = "/usr/bin/python3";

    /// <param name="module">The module that the package brings.</param>
    /// <param name="package">Debian's package.</param>
    public PythonFactAttribute(string module, string package, [CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line)
    {
        if (!Tool.IsInstalled(Interpreter) || !Directory.Exists(Path.Combine("/usr/lib/python3/dist-packages", module)))
            Skip = Tool.Missing(module, package);
    }
}
