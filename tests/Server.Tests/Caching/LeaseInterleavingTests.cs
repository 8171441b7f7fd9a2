using MiniRedis.Server.Caching;

namespace MiniRedis.Server.Tests.Caching;

/// <summary>
/// Small histories of readers, fillers and writers around one key with one tag, in every order of their steps. Each step is what one
/// command does, or what an application does between two.
/// </summary>
public sealed class LeaseInterleavingTests : IDisposable
{
    readonly Keyspace _keyspace = new(1);

    public void Dispose() => _keyspace.Dispose();

    enum Actor
    {
        /// <summary>Reads; on a miss it asks for the lease, waits if another has it, computes and fills.</summary>
        Reader,

        /// <summary>As a reader, but gives up instead of filling.</summary>
        Quitter,

        /// <summary>As a reader, but its source fails: nobody is to compute for a while.</summary>
        Holder,

        /// <summary>As a reader, but its process dies while it computes.</summary>
        Victim,

        /// <summary>As a reader, but it computes so long that its lease ends.</summary>
        Snail,

        /// <summary>Changes the source, then purges the tag.</summary>
        Purger,

        /// <summary>Changes the source, then deletes the key.</summary>
        Deleter,
    }

    /// <summary>What there is: the source, the cache, and the clocks.</summary>
    sealed class World
    {
        ulong _lastToken;

        // The value in the cache: what it was computed from, and when it counts as created.
        (int Source, long Created)? _value;
        long _purged, _clock = 1;
        int _source;

        // The state of the source that the last purge or deletion that has returned told of.
        int _told;

        public World(Database hasher) => Table = new(hasher, () => ++_lastToken) { Ended = (_, _) => Waiting.Clear() };

        public LeaseTable Table { get; }
        public HashSet<int> Waiting { get; } = [];
        public long Now { get; private set; } = 1000;

        bool IsVisible => _value is { } value && _purged <= value.Created;

        public void Check()
        {
            if (IsVisible) Assert.True(_value!.Value.Source >= _told, "a value is visible that a purge or a deletion has told of");
        }

        /// <summary>Of all tokens that were ever given, one is valid at most.</summary>
        public void CheckTokens()
        {
            var valid = 0;
            for (var token = 1UL; token <= _lastToken; token++) valid += Table.TryEnd(0, "k"u8, token, out _, out _) ? 1 : 0;
            Assert.InRange(valid, 0, 1);
        }

        public void Pass(long time)
        {
            Now += time;
            Table.Run(Now);
        }

        /// <returns>Steps; false if the actor waits until somebody wakes it.</returns>
        public IEnumerator<bool> Run(Actor actor, int id) => actor is Actor.Purger or Actor.Deleter ? Write(actor) : Read(actor, id);

        IEnumerator<bool> Write(Actor actor)
        {
            _source++;
            yield return true;
            if (actor == Actor.Purger)
            {
                _purged = ++_clock;
            }
            else
            {
                _value = null;
                Table.Void(0, "k"u8);
            }
            _told = _source;
        }

        IEnumerator<bool> Read(Actor actor, int id)
        {
            while (!IsVisible)
            {
                var answer = Table.Ask(0, "k"u8, id, _clock, Now, time: 100);
                if (answer.Outcome == LeaseOutcome.Held) yield break;
                if (answer.Outcome == LeaseOutcome.Taken)
                {
                    Waiting.Add(id);
                    yield return false;
                    continue;
                }
                yield return true;
                var computed = _source;
                yield return true;
                switch (actor)
                {
                    case Actor.Quitter:
                        Table.TryEnd(0, "k"u8, answer.Token, out _, out _);
                        yield break;
                    case Actor.Holder:
                        Table.TryHold(0, "k"u8, answer.Token, Now + 1000);
                        yield break;
                    case Actor.Victim:
                        Table.Close(id);
                        yield break;
                    case Actor.Snail:
                        Pass(100);
                        yield return true;
                        break;
                }
                if (Table.TryEnd(0, "k"u8, answer.Token, out var created, out _) && _purged <= created) _value = (computed, created);
                yield break;
            }
        }
    }

    [Theory]
    [InlineData(Actor.Reader, Actor.Reader, Actor.Purger)]
    [InlineData(Actor.Reader, Actor.Reader, Actor.Deleter)]
    [InlineData(Actor.Reader, Actor.Purger, Actor.Purger)]
    [InlineData(Actor.Reader, Actor.Deleter, Actor.Purger)]
    [InlineData(Actor.Reader, Actor.Quitter, Actor.Purger)]
    [InlineData(Actor.Reader, Actor.Quitter, Actor.Deleter)]
    [InlineData(Actor.Reader, Actor.Holder, Actor.Deleter)]
    [InlineData(Actor.Reader, Actor.Victim, Actor.Purger)]
    [InlineData(Actor.Reader, Actor.Victim, Actor.Deleter)]
    [InlineData(Actor.Reader, Actor.Snail, Actor.Purger)]
    [InlineData(Actor.Reader, Actor.Snail, Actor.Deleter)]
    [InlineData(Actor.Reader, Actor.Reader, Actor.Purger, Actor.Deleter)]
    [InlineData(Actor.Reader, Actor.Snail, Actor.Quitter, Actor.Deleter)]
    [InlineData(Actor.Reader, Actor.Snail, Actor.Victim, Actor.Purger)]
    internal void In_every_order_no_old_value_is_visible_one_token_is_valid_and_waiters_are_answered(params object[] actors)
    {
        // The choice at each point where several can go on; the last that has another is taken next.
        var choices = new List<(int Taken, int Of)>();
        var (histories, seen) = (0, 0);
        do
        {
            Play([.. actors.Cast<Actor>()], choices, checkTokensAfter: int.MaxValue);
            // Trying the tokens ends leases, so the history is played once more up to each point that is new.
            for (var length = seen + 1; length < choices.Count; length++) Play([.. actors.Cast<Actor>()], choices, length);
            histories++;
            while (choices.Count > 0 && choices[^1].Taken + 1 == choices[^1].Of) choices.RemoveAt(choices.Count - 1);
            seen = choices.Count - 1;
            if (choices.Count > 0) choices[^1] = (choices[^1].Taken + 1, choices[^1].Of);
        }
        while (choices.Count > 0);
        Assert.InRange(histories, 10, 200_000);
    }

    void Play(Actor[] actors, List<(int Taken, int Of)> choices, int checkTokensAfter)
    {
        var world = new World(_keyspace[0]);
        var running = actors.Select((actor, id) => (Id: id, Steps: world.Run(actor, id))).ToList();
        for (var point = 0; running.Count > 0; point++)
        {
            if (point == checkTokensAfter) break;
            var free = running.Where(r => !world.Waiting.Contains(r.Id)).ToList();
            if (free.Count == 0)
            {
                // All wait: for a process that has died without closing, or for one whose time is over.
                world.Pass(100);
                Assert.Empty(world.Waiting);
                continue;
            }
            if (point == choices.Count) choices.Add((0, free.Count));
            var next = free[choices[point].Taken];
            if (!next.Steps.MoveNext()) running.Remove(next);
            world.Check();
        }
        world.CheckTokens();
    }
}
