using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Lists;

/// <summary>Adding elements at an end.</summary>
static partial class ListCommands
{
    static Command Push(string name, string since, string summary, string several, CommandHandler run) => new()
    {
        Name = name, Group = CommandGroup.List, Since = since, Complexity = "O(1) for each element",
        Summary = summary,
        Arity = -3, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Insert)],
        Args = [Arg.Key("key"), Arg.String("element").Multiple()],
        History = [(several, "Accepts multiple `element` arguments.")],
        Propagates = Propagation.Verbatim,
        Run = run,
    };

    static readonly Command LPushSpec = Push("LPUSH", "1.0.0", "Adds elements before the first of a list, one after another.", "2.4.0",
        static (ref CommandContext c) => Push(ref c, head: true, onlyIfThere: false));

    static readonly Command RPushSpec = Push("RPUSH", "1.0.0", "Adds elements behind the last of a list.", "2.4.0",
        static (ref CommandContext c) => Push(ref c, head: false, onlyIfThere: false));

    static readonly Command LPushXSpec = Push("LPUSHX", "2.2.0", "Adds elements before the first of a list that exists.", "4.0.0",
        static (ref CommandContext c) => Push(ref c, head: true, onlyIfThere: true));

    static readonly Command RPushXSpec = Push("RPUSHX", "2.2.0", "Adds elements behind the last of a list that exists.", "4.0.0",
        static (ref CommandContext c) => Push(ref c, head: false, onlyIfThere: true));

    static void Push(ref CommandContext c, bool head, bool onlyIfThere)
    {
        var key = c.Arg(1);
        var at = c.LookupWrite(key);
        if (!c.CheckType(at, ObjectType.List)) return;
        if (!at.Found)
        {
            if (onlyIfThere)
            {
                c.Reply.Integer(0);
                return;
            }
            at = Create(c, at, key);
        }
        var list = Open(c, at);
        long bytes = 0;
        for (var i = 2; i < c.Count; i++) bytes += c.Arg(i).Length;
        list.Prepare(bytes, c.Count - 2);
        for (var i = 2; i < c.Count; i++) list.Push(c.Arg(i), head);
        c.Reply.Integer(list.Count);
        c.Changed(key, KeyspaceEvents.List, head ? "lpush" : "rpush");
        c.Server.Effects.Dirty += c.Count - 3;
    }
}
