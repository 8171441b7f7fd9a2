using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Persistence;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Hosting;

/// <summary>
/// Runs every command once after the start, on a server of its own without connections, so that no client's command is the first
/// to run its code.
/// <para>
/// Code that is compiled ahead of time is not ready when it is loaded: each call, type and constant in it is resolved at its
/// first use. Code that cannot be compiled ahead (generic code of the framework over our types, 128-bit integers, the widest
/// vectors) is compiled then. The first INFO took 8 ms, the first GEOSEARCH 11, the first FLUSHDB 2; the second takes a twentieth
/// of that, and all clients waited. All of this is done once for the process, so another server in the process can do it.
/// </para>
/// <para>
/// Rejected: compiling more ahead. Half of the time is not compilation, and code that includes the framework's is valid for one
/// build of it only.
/// </para>
/// It has a thread of its own, so the start takes no longer. A client that connects before it is done is served as without it.
/// </summary>
sealed class Rehearsal : IDisposable
{
    /// <summary>Longest wait for another thread, the snapshot's or the AOF's.</summary>
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    static readonly string[] s_syncPolicies = ["everysec", "always"];

    readonly RedisLogProvider _log = new(TimeProvider.System, Stream.Null);
    readonly NativeBuffer _shared = new(InputPipe.SharedBytes);
    readonly ServerParts _server;
    readonly Player _first, _second;
    readonly Action<string, string>? _replied;

    Rehearsal(Action<string, string>? replied)
    {
        _replied = replied;
        var config = new ServerConfig
        {
            Process = { Databases = 2 },
            Persistence = { SavePoints = [] },
            Security = { EnableDebugCommand = ProtectedAction.Yes, EnableModuleCommand = ProtectedAction.Yes },
        };
        _server = new MiniRedisServer(config, new ServerLog(_log)).Parts;
        _server.Saving.Files = new DiscardingFiles();
        (_first, _second) = (new Player(_shared), new Player(_shared));
        _server.Executor.OnAccepted(_first);
        _server.Executor.OnAccepted(_second);
    }

    /// <summary>Plays on another thread. A failure there is logged and has no other effect.</summary>
    public static void Start(ServerLog log)
    {
        var thread = new Thread(() =>
        {
            try
            {
                Run();
            }
            catch (Exception failure)
            {
                log.RehearsalFailed(failure);
            }
        }) { Name = "rehearsal", IsBackground = true };
        thread.Start();
    }

    /// <summary>Plays everything.</summary>
    /// <param name="replied">Receives each line and its reply.</param>
    /// <returns>The server, for its statistics. Its data are gone.</returns>
    public static ServerParts Run(Action<string, string>? replied = null)
    {
        using var rehearsal = new Rehearsal(replied);
        rehearsal.Play();
        return rehearsal._server;
    }

    void Play()
    {
        Play(RehearsalScript.Lines);
        Save();
        Append();
        Scrape();
        Play(RehearsalScript.Eviction);
        Play(RehearsalScript.Flushing);
    }

    void Save()
    {
        Play("BGSAVE");
        Play(RehearsalScript.Saving);
        AwaitSnapshot();
        Play("SAVE");
    }

    void Append()
    {
        Play("CONFIG SET appendonly yes");
        AwaitSnapshot();
        foreach (var policy in s_syncPolicies)
        {
            Play($"CONFIG SET appendfsync {policy}");
            Play(RehearsalScript.Appending);
        }
        Play("BGREWRITEAOF");
        AwaitSnapshot();
        Play("CONFIG SET appendonly no");
    }

    void Scrape()
    {
        _server.Metrics.Take();
        _server.Executor.OnTick();
    }

    // The file ends after the snapshot.
    void AwaitSnapshot() =>
        TickWhile(() => _server.Snapshots.IsActive || _server.BackgroundSaving.IsRunning || _server.AofRewriting.IsRunning);

    void TickWhile(Func<bool> condition)
    {
        for (var started = Stopwatch.GetTimestamp(); condition() && Stopwatch.GetElapsedTime(started) < s_patience; Thread.Yield())
            _server.Executor.OnTick();
    }

    void Play(IEnumerable<string> lines)
    {
        foreach (var line in lines) Play(line);
        _server.Executor.OnTick();
    }

    void Play(string line)
    {
        var player = line[0] == '&' ? _second : _first;
        player.Send(line.TrimStart('&', '!'));
        _server.Executor.OnReceived(player);
        _server.Executor.OnTurnEnded();
        // A snapshot may have to read the value first, or the reply waits for the disk.
        TickWhile(() => player.IsHeld);
        if (player.WantsResume) _server.Executor.OnReceived(player);
        player.WantsResume = false;
        lock (_server.Executor.ExecutorLock) player.EndBatchLocked();
        if (player.Input.Length > 0) throw new TimeoutException($"\"{line}\" waits.");
        // The other client's output does not matter.
        _first.Take();
        _second.Take();
        _replied?.Invoke(line, player.LastReply);
    }

    public void Dispose()
    {
        _server.Aof.Dispose();
        lock (_server.Executor.ExecutorLock)
        {
            // The snapshot's thread reads the data. If it does not end, they stay.
            if (!_server.Snapshots.TryStop()) return;
        }
        foreach (var player in (Player[])[_first, _second])
        {
            _server.Executor.OnClosed(player);
            player.Output.Discard();
        }
        _server.Keyspace.Dispose();
        _shared.Free();
        _log.Dispose();
    }

    /// <summary>A client whose input comes from the script and whose output is dropped.</summary>
    sealed class Player(NativeBuffer shared) : SocketlessConnection(shared, "127.0.0.1:1", "127.0.0.1:6379")
    {
        readonly ArrayBufferWriter<byte> _reply = new();

        public bool IsHeld => Output.IsHeld || Input.Length > 0 && !WantsResume;

        /// <summary>The last reply, as Latin-1.</summary>
        public string LastReply => Encoding.Latin1.GetString(_reply.WrittenSpan);

        public void Send(string line)
        {
            var words = line.Split(' ').SelectMany(Expand).ToList();
            var room = Input.PrepareReceive();
            var length = Encoding.Latin1.GetBytes($"*{words.Count}\r\n", room);
            foreach (var word in words) length += Encoding.Latin1.GetBytes($"${word.Length}\r\n{word}\r\n", room[length..]);
            Input.Received(length);
        }

        IEnumerable<string> Expand(string word)
        {
            if (word == "<") return [BulkIn(LastReply)];
            if (word.Length > 1) word = word.Replace('~', ' ').Replace('\\', '\n');
            if (word.Length < 2 || !int.TryParse(word.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var count)) return [word];
            return word[0] switch
            {
                '@' => Enumerable.Range(1, count).Select(number => number.ToString(CultureInfo.InvariantCulture)),
                '$' => [new string('v', count)],
                _ => [word],
            };
        }

        static string BulkIn(string reply)
        {
            var start = reply.IndexOf('\n', StringComparison.Ordinal) + 1;
            return reply[start..^2];
        }

        /// <summary>Takes the pending output. If there is any, it becomes the last reply.</summary>
        public void Take()
        {
            if (Output.HasSending) _reply.ResetWrittenCount();
            while (Output.HasSending)
            {
                _reply.Write(Output.FrontSpan);
                Output.Sent(Output.FrontSpan.Length);
            }
        }
    }
}
