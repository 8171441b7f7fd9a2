using MiniRedis.Resp;
using MiniRedis.Server.Commands.Keys;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Keys;

namespace MiniRedis.Server.Commands.Sorting;

/// <summary>How SORT works: load the elements, look up what they are sorted by, sort them, answer or store them.</summary>
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
        // A set has no order. But a result that is stored must be the same wherever the command is repeated, as must what a script sees.
        if (options.KeepsOrder && (options.Store > 0 || c.Server.RunningScript.IsRunning) && at.Found && at.Record.Type == ObjectType.Set)
        {
            options.KeepsOrder = false;
            options.IsAlpha = true;
            options.By = 0;
        }
        var length = at.Found ? CountOf(c, at) : 0;
        var start = Math.Clamp(options.Offset, 0, length);
        var count = options.Limit < 0 ? length - start : Math.Min(options.Limit, length - start);
        // If the elements need no sorting, those outside the range are not read.
        var isRange = options.KeepsOrder && at.Found && at.Record.Type != ObjectType.Set;
        var loaded = isRange ? count : length;
        var vector = new SortVector(c.Database, loaded, options);
        try
        {
            var backward = options is { KeepsOrder: true, IsDescending: true };
            if (loaded > 0) vector.Load(c.Database, at, isRange ? start : 0, loaded, backward);
            if (isRange) start = 0;
            var isSorted = options.KeepsOrder || vector.TrySort(c, options.By, start, count);
            c.Server.Memory.NotePeak(c.Server.Clock.Now);
            if (!isSorted) c.Fail(Errors.SortNotDouble);
            else if (options.Store > 0) Store(c, vector, start, count, options);
            else Answer(c, vector, start, count, options.Gets);
        }
        finally
        {
            vector.Dispose();
        }
    }

    static long CountOf(in CommandContext c, in KeyLookup at) => at.Record.Type switch
    {
        ObjectType.List => new ListValue(c.Database, at, default).Count,
        ObjectType.Set => new SetReader(at.Record).Count,
        _ => new SortedSetValue(c.Database, at).Count,
    };

    static void Answer(in CommandContext c, in SortVector vector, long start, long count, int gets)
    {
        c.Reply.Array(gets > 0 ? count * gets : count);
        for (var i = start; i < start + count && !c.Reply.IsCut; i++)
        {
            var element = vector[i];
            if (gets == 0) c.Reply.Bulk(element);
            for (int get = 0, at = 0; get < gets && !c.Reply.IsCut; get++)
            {
                at = SortOptions.NextGet(c, at);
                if (new SortPattern(c.Arg(at)).TryResolve(c, element, out var value)) c.Reply.Bulk(value);
                else c.Reply.Null();
            }
        }
    }

    static void Store(in CommandContext c, in SortVector vector, long start, long count, in SortOptions options)
    {
        var key = c.Arg(options.Store);
        var results = options.Gets > 0 ? count * options.Gets : count;
        if (results == 0)
        {
            KeyCommands.StoreNothing(c, options.Store);
            return;
        }
        // All values are looked up before the destination is replaced, since a pattern may name it.
        var list = ListValue.Draft(c.Database, key, c.Encodings.ListLimits());
        try
        {
            Fill(ref list, c, vector, start, count, options.Gets);
        }
        catch
        {
            list.Abandon();
            throw;
        }
        var isNew = !c.Server.Keys.Find(c.Database, key).Found;
        var record = list.Publish();
        if (isNew) c.Server.Keys.Created(c.Database, record, key);
        else c.Server.Keys.Replaced(c.Database, record, key);
        c.Server.Effects.KeyChanged(c.Database.Number, key, KeyspaceEvents.List, "sortstore");
        c.Server.Effects.Dirty += results - 1;
        c.Reply.Integer(results);
    }

    static void Fill(scoped ref ListValue list, in CommandContext c, in SortVector vector, long start, long count, int gets)
    {
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        for (var i = start; i < start + count; i++)
        {
            var element = vector[i];
            if (gets == 0) list.Push(element.ToBytes(scratch), head: false);
            for (int get = 0, at = 0; get < gets; get++)
            {
                at = SortOptions.NextGet(c, at);
                var isFound = new SortPattern(c.Arg(at)).TryResolve(c, element, out var value);
                list.Push(isFound ? value.ToBytes(scratch) : default, head: false);
            }
        }
        list.TryPack(shrinking: false);
    }
}
