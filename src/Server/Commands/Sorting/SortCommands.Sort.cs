using MiniRedis.Resp;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands;

/// <summary>How SORT works: load what is needed, look up what it is sorted by, sort, answer or store.</summary>
static partial class SortCommands
{
    static void Sort(ref CommandContext c, bool mayStore)
    {
        if (!SortOptions.TryParse(ref c, mayStore, out var options)) return;
        var at = c.LookupRead(c.Arg(1));
        if (at.Found && at.Record.Type is not (ObjectType.List or ObjectType.Set or ObjectType.SortedSet))
        {
            c.Fail(Errors.WrongType);
            return;
        }
        // A set has no order to keep; what is stored must be the same wherever the command is repeated.
        if (options is { KeepsOrder: true, Store: > 0 } && at.Found && at.Record.Type == ObjectType.Set)
        {
            options.KeepsOrder = false;
            options.IsAlpha = true;
            options.By = 0;
        }
        var length = at.Found ? CountOf(c, at) : 0;
        var start = Math.Clamp(options.Offset, 0, length);
        var count = options.Limit < 0 ? length - start : Math.Min(options.Limit, length - start);
        // What is in order already need not be read beyond the range.
        var isRange = options.KeepsOrder && at.Found && at.Record.Type != ObjectType.Set;
        using var vector = new SortVector((int)(isRange ? count : length));
        var backward = options is { KeepsOrder: true, IsDescending: true };
        if (vector.Capacity > 0) Load(c, at, vector, isRange ? start : 0, isRange ? count : length, backward);
        if (isRange) start = 0;
        if (!options.KeepsOrder && !TryOrder(ref c, vector, options))
        {
            c.Fail(Errors.SortNotDouble);
            return;
        }
        if (options.Store > 0) Store(ref c, vector, (int)start, (int)count, options);
        else Answer(ref c, vector, (int)start, (int)count, options.Gets);
    }

    static long CountOf(in CommandContext c, in KeyLookup at) => at.Record.Type switch
    {
        ObjectType.List => new ListValue(c.Database, at, default).Count,
        ObjectType.Set => new SetReader(at.Record).Count,
        _ => new SortedSetValue(c.Database, at).Count,
    };

    static void Load(in CommandContext c, in KeyLookup at, SortVector vector, long start, long count, bool backward)
    {
        if (at.Record.Type == ObjectType.List)
        {
            var list = new ListValue(c.Database, at, default);
            var loader = new Loader(vector);
            list.Visit(backward ? list.Count - 1 - start : start, count, backward, ref loader);
            return;
        }
        if (at.Record.Type == ObjectType.Set)
        {
            for (var all = new SetReader(at.Record).Members(); all.Next();) vector.Add(all.Current);
            return;
        }
        var members = new SortedSetValue(c.Database, at);
        var cursor = members.From(backward ? members.Count - 1 - start : start, backward);
        for (; count > 0; count--, cursor.Move()) vector.Add(cursor.Member);
    }

    readonly struct Loader(SortVector vector) : IElementVisitor
    {
        public bool Visit(PackedElement element)
        {
            vector.Add(element);
            return true;
        }
    }

    /// <summary>Sorts. False if something is to be compared as a number and is none.</summary>
    static bool TryOrder(ref CommandContext c, SortVector vector, in SortOptions options)
    {
        var pattern = options.By > 0 ? new SortPattern(c.Arg(options.By)) : default;
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        var areNumbers = true;
        for (var i = 0; i < vector.Count && (options.By > 0 || !options.IsAlpha); i++)
        {
            scoped var value = vector[i];
            if (options.By > 0 && !pattern.TryResolve(c, vector[i], scratch, out value)) continue;
            if (options.IsAlpha) vector.SetKey(i, value);
            else if (TryScore(value, out var score)) vector.SetScore(i, score);
            else areNumbers = false;
        }
        if (!areNumbers) return false;
        if (!options.IsAlpha) vector.SortByScore(options.IsDescending);
        else if (options.By > 0) vector.SortByKey(options.IsDescending);
        else vector.SortByElement(options.IsDescending);
        return true;
    }

    static bool TryScore(ReadOnlySpan<byte> text, out double score) =>
        Numbers.TryParseLikeC(text, out score, out var outOfRange) && !outOfRange;

    static void Answer(ref CommandContext c, SortVector vector, int start, int count, int gets)
    {
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        c.Reply.Array(gets > 0 ? count * gets : count);
        for (var i = start; i < start + count; i++)
        {
            if (gets == 0) c.Reply.Bulk(vector[i]);
            for (int get = 0, at = 0; get < gets; get++)
            {
                at = SortOptions.NextGet(c, at);
                if (new SortPattern(c.Arg(at)).TryResolve(c, vector[i], scratch, out var value)) c.Reply.Bulk(value);
                else c.Reply.Null();
            }
        }
    }

    static void Store(ref CommandContext c, SortVector vector, int start, int count, in SortOptions options)
    {
        var key = c.Arg(options.Store);
        var results = options.Gets > 0 ? count * options.Gets : count;
        if (results == 0)
        {
            var old = c.Server.Keys.Find(c.Database, key);
            if (old.Found)
            {
                c.Database.Delete(old);
                c.Server.Effects.KeyChanged(c.Database.Number, key, KeyspaceEvents.Generic, "del");
            }
            c.Reply.Integer(0);
            return;
        }
        // All is looked up before the key is replaced, which a pattern may name too.
        using var found = new SortVector(options.Gets > 0 ? results : 0);
        if (options.Gets > 0)
        {
            Resolve(ref c, vector, start, count, options.Gets, found);
            (vector, start) = (found, 0);
        }
        var at = c.Server.Keys.Find(c.Database, key);
        var list = ListValue.CreateNodes(c.Database, at, key, ListCommands.Limits(c.Server));
        if (!at.Found) c.Server.Keys.Created(c.Database, list.At.Record, key);
        for (var i = start; i < start + results; i++) list.Push(vector[i], head: false);
        list.TryPack(shrinking: false);
        c.Server.Effects.KeyChanged(c.Database.Number, key, KeyspaceEvents.List, "sortstore");
        c.Server.Effects.Dirty += results - 1;
        c.Reply.Integer(results);
    }

    static void Resolve(ref CommandContext c, SortVector vector, int start, int count, int gets, SortVector into)
    {
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        for (var i = start; i < start + count; i++)
        {
            for (int get = 0, at = 0; get < gets; get++)
            {
                at = SortOptions.NextGet(c, at);
                new SortPattern(c.Arg(at)).TryResolve(c, vector[i], scratch, out var value);
                into.Add(value);
            }
        }
    }
}
