using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Administration.Introspection;

/// <summary>COMMAND INFO: ten elements for each command, for clients.</summary>
static partial class CommandCommands
{
    static void CommandInfo(ref CommandContext c)
    {
        if (c.Count == 2)
        {
            ReplyAllInfo(c.Server, c.Reply);
            return;
        }
        c.Reply.Array(c.Count - 2);
        for (var i = 2; i < c.Count; i++)
        {
            if (FindByFullName(c.Server, c.Arg(i)) is { } command) ReplyInfo(c.Reply, command);
            else c.Reply.Null();
        }
    }

    static void ReplyAllInfo(ServerParts server, ReplyWriter reply)
    {
        reply.Array(server.Commands.Count);
        foreach (var command in server.Commands.All) ReplyInfo(reply, command);
    }

    static void ReplyInfo(ReplyWriter reply, CommandSpec command)
    {
        reply.Array(10);
        reply.Bulk(command.FullName);
        reply.Integer(command.Arity);
        ReplyNames(reply, FlagNames.Of(command.Flags));
        reply.Integer(command.FirstKey);
        reply.Integer(command.LastKey);
        reply.Integer(command.KeyStep);
        ReplyNames(reply, FlagNames.Of(command.EffectiveAclCategories).Select(name => "@" + name));
        reply.Set(command.Tips.Length);
        foreach (var tip in command.Tips) reply.Bulk(tip);
        reply.Set(command.Keys.Length);
        foreach (var key in command.Keys) ReplyKeySpec(reply, key);
        if (command.IsContainer) reply.Array(command.Subcommands.Length);
        else reply.Set(0);
        foreach (var subcommand in command.Subcommands) ReplyInfo(reply, subcommand);
    }

    /// <summary>A set of names, each a status reply.</summary>
    static void ReplyNames(ReplyWriter reply, IEnumerable<string> names)
    {
        var all = names.ToList();
        reply.Set(all.Count);
        foreach (var name in all) reply.SimpleString(name);
    }

    static void ReplyKeySpec(ReplyWriter reply, KeySpec key)
    {
        reply.Map(key.Notes is null ? 3 : 4);
        if (key.Notes is not null)
        {
            reply.Bulk("notes"u8);
            reply.Bulk(key.Notes);
        }
        reply.Bulk("flags"u8);
        ReplyNames(reply, FlagNames.Of(key.Flags));
        reply.Bulk("begin_search"u8);
        ReplyBeginSearch(reply, key);
        reply.Bulk("find_keys"u8);
        ReplyFindKeys(reply, key);
    }

    static void ReplyBeginSearch(ReplyWriter reply, KeySpec key)
    {
        switch (key.Begin)
        {
            case BeginSearch.Index:
                ReplyTyped(reply, "index", 1);
                reply.Pair("index", key.Index);
                break;
            case BeginSearch.Keyword:
                ReplyTyped(reply, "keyword", 2);
                reply.Bulk("keyword"u8);
                reply.Bulk(key.Word!);
                reply.Pair("startfrom", key.StartFrom);
                break;
            default:
                ReplyTyped(reply, "unknown", 0);
                break;
        }
    }

    static void ReplyFindKeys(ReplyWriter reply, KeySpec key)
    {
        switch (key.Find)
        {
            case FindKeys.Range:
                ReplyTyped(reply, "range", 3);
                reply.Pair("lastkey", key.LastKey);
                reply.Pair("keystep", key.Step);
                reply.Pair("limit", key.Limit);
                break;
            case FindKeys.KeyNum:
                ReplyTyped(reply, "keynum", 3);
                reply.Pair("keynumidx", key.KeyNumIndex);
                reply.Pair("firstkey", key.FirstKey);
                reply.Pair("keystep", key.Step);
                break;
            default:
                ReplyTyped(reply, "unknown", 0);
                break;
        }
    }

    /// <summary>A type, and the beginning of the map that specifies it.</summary>
    static void ReplyTyped(ReplyWriter reply, string type, int specified)
    {
        reply.Map(2);
        reply.Bulk("type"u8);
        reply.Bulk(type);
        reply.Bulk("spec"u8);
        reply.Map(specified);
    }
}
