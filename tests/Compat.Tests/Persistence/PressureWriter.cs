using System.Net.Sockets;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Persistence;

/// <summary>
/// A client with keys of its own, and a model beside them. It sends random changes in pipelines, a key at most once in each, and compares
/// every reply. What it hears nothing of, because the server dies, has happened or has not: either is right, and the next look at the key
/// tells which.
/// </summary>
sealed class PressureWriter(int number, int seed)
{
    const int Kept = 36, Cached = 400, LongestPipeline = 12, LongElement = 20_000, Names = 300;

    readonly Random _random = new(seed);
    readonly ModelKey[] _kept = [.. Enumerable.Range(0, Kept).Select(i => new ModelKey($"kept:{number}:{i}", (ModelKind)(i % 6)))];
    readonly string?[] _cached = new string?[Cached];
    readonly Dictionary<int, string> _unsureCached = [];
    int _version;

    /// <summary>Commands that were answered.</summary>
    public long Answered { get; private set; }

    /// <summary>Commands that were refused, for whatever reason the server gave.</summary>
    public long Refused { get; private set; }

    /// <summary>Sends one pipeline and compares the replies.</summary>
    /// <exception cref="IOException">The server is gone.</exception>
    public void Step(RawClient client)
    {
        var steps = new List<ModelStep>();
        var touched = new HashSet<int>();
        for (var i = _random.Next(1, LongestPipeline + 1); i > 0; i--)
        {
            if (_random.Next(4) == 0)
            {
                steps.Add(CachedStep());
                continue;
            }
            var at = _random.Next(Kept);
            if (_kept[at].IsUnsure || !touched.Add(at)) continue;
            steps.Add(KeptStep(at, touched));
        }
        foreach (var step in steps) step.Begin();
        client.SendRaw(string.Concat(steps.Select(step => RawClient.Encode(step.Words))));
        foreach (var step in steps)
        {
            var reply = client.Read();
            if (IsRefusal(reply)) Refused++;
            else
            {
                Assert.True(step.Expects(reply), $"{Begin(string.Join(' ', step.Words))}: {Begin(reply)}");
                Answered++;
            }
            step.End(!IsRefusal(reply));
        }
    }

    /// <summary>What a server under pressure may say. Then nothing has changed.</summary>
    static bool IsRefusal(string reply) =>
        reply.StartsWith("-OOM ", StringComparison.Ordinal) || reply.StartsWith("-MISCONF ", StringComparison.Ordinal)
        || reply.StartsWith("-LOADING ", StringComparison.Ordinal);

    ModelStep CachedStep()
    {
        var at = _random.Next(Cached);
        var key = $"cached:{number}:{at}";
        // Evicted at any time, but never another value.
        if (_unsureCached.ContainsKey(at) || _random.Next(3) == 0)
        {
            return new(["GET", key], () => { }, reply => reply == "$-1" || IsCached(at, reply), done =>
            {
                if (done) _unsureCached.Remove(at);
            });
        }
        var value = $"{++_version}:" + new string((char)('a' + _version % 26), _random.Next(8000));
        return new(["SET", key, value, "EX", "100000"], () => _unsureCached[at] = value, reply => reply == "+OK", done =>
        {
            if (done) _cached[at] = value;
            _unsureCached.Remove(at);
        });
    }

    bool IsCached(int at, string reply)
    {
        var value = reply[(reply.IndexOf(' ', StringComparison.Ordinal) + 1)..];
        if (_unsureCached.TryGetValue(at, out var unsure) && value == unsure) _cached[at] = unsure;
        return value == _cached[at];
    }

    ModelStep KeptStep(int at, HashSet<int> touched)
    {
        var key = _kept[at];
        var other = (at + 6 * _random.Next(1, Kept / 6)) % Kept;
        var isFree = !_kept[other].IsUnsure && !touched.Contains(other);
        var after = key.Value.Copy();
        string[] words;
        string? reply;
        if (isFree && _random.Next(20) == 0 && !_kept[other].Value.IsEmpty)
        {
            // Built beside what is there, and put in its place at the end.
            touched.Add(other);
            after = _kept[other].Value.Copy();
            (words, reply) = key.Kind switch
            {
                ModelKind.Set => ((string[])["SUNIONSTORE", key.Name, _kept[other].Name], $":{after.Count}"),
                ModelKind.SortedSet => (["ZUNIONSTORE", key.Name, "1", _kept[other].Name], $":{after.Count}"),
                ModelKind.List => (["SORT", _kept[other].Name, "BY", "nosort", "STORE", key.Name], $":{after.Count}"),
                _ => (["COPY", _kept[other].Name, key.Name, "REPLACE"], ":1"),
            };
        }
        else if (_random.Next(60) == 0)
        {
            (words, reply) = (["DEL", key.Name], key.Value.IsEmpty ? ":0" : ":1");
            after = new(key.Kind);
        }
        else (words, reply) = after.Change(key.Name, _random, Element());
        return new(words, () => key.Unsure = after, got => got == reply, done =>
        {
            if (done) key.Value = after;
            key.Unsure = null;
        });
    }

    string Element() => _random.Next(40) == 0
        ? new string((char)('A' + _random.Next(26)), _random.Next(1000, LongElement)) : $"e{_random.Next(Names)}";

    /// <summary>Reads all that there is to be, and asserts that it is.</summary>
    public void Check(RawClient client)
    {
        foreach (var key in _kept)
        {
            var found = ModelValue.Shown(key.Kind, client.CallTree(ModelValue.ReadCommand(key.Kind, key.Name)));
            if (key.Unsure is { } unsure && found == unsure.Show()) key.Value = unsure;
            var expected = key.Value.Show();
            Assert.True(found == expected, $"{key.Name} ({key.Kind}) is\n{Begin(found)}\nin place of\n{Begin(expected)}");
            key.Unsure = null;
        }
        for (var at = 0; at < Cached; at++)
        {
            var reply = client.Call($"GET cached:{number}:{at}");
            Assert.True(reply == "$-1" || IsCached(at, reply), $"cached:{number}:{at}: {Begin(reply)}");
            _unsureCached.Remove(at);
        }
    }

    static string Begin(string text) => $"{text.Length}: {text[..Math.Min(500, text.Length)]}";

    /// <summary>Runs until told to stop, with a new connection whenever the server has closed one.</summary>
    /// <param name="connect">Connects.</param>
    /// <param name="gate">Held shared by each pipeline, and alone by who checks.</param>
    /// <param name="isOver">Whether to stop.</param>
    public void Run(Func<RawClient> connect, ReaderWriterLockSlim gate, Func<bool> isOver)
    {
        RawClient? client = null;
        while (!isOver())
        {
            gate.EnterReadLock();
            try
            {
                client ??= connect();
                Step(client);
            }
            catch (Exception failure) when (failure is IOException or SocketException)
            {
                client?.Dispose();
                client = null;
            }
            finally
            {
                gate.ExitReadLock();
            }
            if (client is null) Thread.Yield();
        }
        client?.Dispose();
    }

    sealed class ModelKey(string name, ModelKind kind)
    {
        public string Name => name;

        public ModelKind Kind => kind;

        public ModelValue Value { get; set; } = new(kind);

        /// <summary>What it may be as well; null if it is known what it is.</summary>
        public ModelValue? Unsure { get; set; }

        public bool IsUnsure => Unsure is not null;
    }

    /// <param name="Words">The request.</param>
    /// <param name="Begin">It may happen from here on.</param>
    /// <param name="Expects">Whether a reply is right.</param>
    /// <param name="End">It has happened, or has not.</param>
    sealed record ModelStep(string[] Words, Action Begin, Func<string, bool> Expects, Action<bool> End);
}
