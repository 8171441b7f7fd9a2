namespace MiniRedis.Server.Tests.Commands.Caching;

/// <summary>The server and what stands beside it: its clock, restarts, a replica that takes over.</summary>
public sealed partial class CacheModelTests
{
    sealed partial class Run
    {
        readonly AofDirectory? _directory;
        TestServer _server;
        LocalClient _client;
        TestServer? _replica;
        LocalClient? _reader;

        // Milliseconds that have passed, and those that the replica's clock is before the master's.
        long _passed, _ahead;

        public Run(Beside beside)
        {
            if (beside == Beside.AppendOnlyFile) _directory = new();
            (_server, _client) = Serve(_directory?.Start(Configuration) ?? new TestServer(Configuration));
            if (beside == Beside.Replica) StartReplica();
        }

        long Now => _server.Time.Now;

        /// <summary>Its cron runs when the history says so, and else commands find what has died.</summary>
        static (TestServer Server, LocalClient Client) Serve(TestServer server)
        {
            lock (server.Server.Executor.ExecutorLock) server.Server.Cron.IsPaused = true;
            return (server, new LocalClient(server));
        }

        static void Tick(TestServer server)
        {
            lock (server.Server.Executor.ExecutorLock)
            {
                server.Server.Cron.IsPaused = false;
                server.Tick();
                server.Server.Cron.IsPaused = true;
            }
            server.Server.Executor.OnTurnEnded();
        }

        /// <summary>Lets the crons run until it has come to pass.</summary>
        void Until(Func<bool> condition) => Await.Until(() =>
        {
            Tick(_server);
            if (_replica is not null) Tick(_replica);
            return condition();
        });

        /// <summary>Under the lock: a server reads two clocks, one after the other, and relies on what lies between them.</summary>
        static void Advance(TestServer server, long milliseconds)
        {
            lock (server.Server.Executor.ExecutorLock) server.Time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        }

        /// <summary>Lets time pass. The clock of a replica is another machine's: now before its master's, now behind.</summary>
        void Pass(int milliseconds)
        {
            _passed += milliseconds;
            Advance(_server, milliseconds);
            if (_replica is not null)
            {
                var ahead = Math.Max(_ahead - milliseconds, _random.Next(-1500, 1500));
                Advance(_replica, milliseconds + ahead - _ahead);
                _ahead = ahead;
            }
            ForgetLeases();
        }

        /// <summary>Has both clocks show the same time.</summary>
        void Level()
        {
            if (_replica is null) return;
            if (_ahead < 0) Advance(_replica, -_ahead);
            else Advance(_server, _ahead);
            _passed += Math.Max(0, _ahead);
            _ahead = 0;
            ForgetLeases();
        }

        /// <summary>With the debug switch (MINIREDIS_MOVE_BLOCKS) each step finds all blocks elsewhere.</summary>
        static void MoveBlocks(TestServer? server)
        {
            if (server is not { Server.ActiveDefrag: { MovesEverything: true } defrag }) return;
            lock (server.Server.Executor.ExecutorLock) defrag.Run();
        }

        /// <summary>The crons run, of one server or of both.</summary>
        void Tick()
        {
            var which = _random.Next(3);
            if (which != 1) Tick(_server);
            if (which != 0 && _replica is not null) Tick(_replica);
            Note($"crons: {(which == 1 ? "" : "master ")}{(which == 0 ? "" : "replica")}");
        }

        void StartReplica()
        {
            (_replica, _reader) = Serve(new TestServer(Configuration, seed: 2));
            Advance(_replica, _passed);
            _ahead = 0;
            Follow(_reader, _server);
        }

        void Follow(LocalClient replica, TestServer master)
        {
            Assert.Equal("+OK", replica.Call($"REPLICAOF 127.0.0.1 {master.Port}"));
            Pass(1000);
            Level();
            Until(() => _reader!.Call("INFO replication").Contains("master_link_status:up", StringComparison.Ordinal));
        }

        /// <summary>Waits until the replica has all that its master has done.</summary>
        void Synchronize()
        {
            long offset;
            _server.Server.Executor.OnTurnEnded();
            lock (_server.Server.Executor.ExecutorLock) offset = _server.Server.History.Offset;
            Await.UntilLocked(_replica!, () => _replica!.Server.Follower.AppliedOffset >= offset);
        }

        /// <summary>The replica says of each key what its master would say, leases aside.</summary>
        void VerifyReplica()
        {
            if (_replica is null) return;
            Synchronize();
            VerifyTags(_replica);
            Assert.Equal(Names, SortedNames(Ask("KEYS *")));
            foreach (var key in s_keys)
            {
                var entry = Alive(key);
                Assert.Equal(entry is null ? ":0" : ":1", Ask($"EXISTS {key}"));
                Assert.Equal(entry is null ? ":-2" : TimeLeft(entry), Ask($"PTTL {key}"));
                Assert.Equal(entry is null ? "$-1" : $"${entry.Value.Length} {entry.Value}".TrimEnd(), Ask($"GET {key}"));
                if (entry is not null) Assert.Equal(Found(entry), Ask($"CACHE.GET {key}"));
                Assert.Equal(entry is null ? "$-1" : Info(entry, lease: 0), Sorted(Ask($"CACHE.INFO {key}")));
            }

            string Ask(string command)
            {
                var reply = _reader!.Call(command).TrimEnd();
                Note($"{_replica.Time.Now} at the replica: {command} -> {reply}");
                return reply;
            }
        }

        /// <summary>What stands beside the server takes its place.</summary>
        void Restart()
        {
            if (_replica is not null && _random.Next(3) == 0)
            {
                Replace();
                return;
            }
            if (_directory is null && _replica is null && _random.Next(2) == 0)
            {
                // Of the data alone, at the time that it is now.
                Assert.Equal("+OK", Call("DEBUG RELOAD"));
            }
            else
            {
                if (_replica is not null) FailOver();
                else if (_directory is not null) RestartFromAof(_directory);
                else RestartFromRdb();
                _leases.Clear();
            }
            _floor = _server.Server.Keyspace[0].Purges.Floor;
            Note($"restarted; knows of purges since {_floor}");
        }

        void RestartFromRdb()
        {
            Assert.Equal("+OK", Call("SAVE"));
            var data = File.ReadAllBytes(_server.Server.Saving.Path);
            Stop();
            Begin(new TestServer(Configuration, data: data));
        }

        void RestartFromAof(AofDirectory directory)
        {
            if (_random.Next(2) == 0)
            {
                Assert.StartsWith("+", Call("BGREWRITEAOF"), StringComparison.Ordinal);
                Until(() => !_server.Server.AofRewriting.IsRunning && !_server.Server.AofRewriting.IsScheduled);
            }
            lock (_server.Server.Executor.ExecutorLock) Assert.True(_server.Server.Aof.TryFlush());
            Stop();
            Begin(directory.Start(Configuration + (_random.Next(2) == 0 ? "aof-use-rdb-preamble no" : "")));
        }

        void Begin(TestServer server)
        {
            server.TickUntil(() => !server.Server.Dataset.IsLoading);
            Advance(server, _passed);
            (_server, _client) = Serve(server);
        }

        /// <summary>The replica becomes the master, and the master its replica.</summary>
        void FailOver()
        {
            Level();
            Synchronize();
            Note("failover");
            Assert.Equal("+OK", _reader!.Call("REPLICAOF NO ONE"));
            (_server, _replica, _client, _reader) = (_replica!, _server, _reader, _client);
            Follow(_reader, _server);
        }

        /// <summary>Another replica begins with a full synchronization.</summary>
        void Replace()
        {
            Note("another replica");
            _reader!.Dispose();
            _replica!.Dispose();
            _replica = null;
            StartReplica();
        }

        void Stop()
        {
            _client.Dispose();
            _server.Dispose();
        }

        public void Dispose()
        {
            Stop();
            _reader?.Dispose();
            _replica?.Dispose();
            _directory?.Dispose();
        }
    }
}
