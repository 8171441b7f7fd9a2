using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Lifecycle;

namespace MiniRedis.Server.Commands.Keys;

/// <summary>Values as bytes: how keys travel between servers.</summary>
static partial class KeyCommands
{
    static readonly Command DumpSpec = new()
    {
        Name = "DUMP", Group = CommandGroup.Generic, Since = "2.6.0", Complexity = "O(N) where N is the size of the value",
        Summary = "Answers a value in the form that RESTORE takes.",
        Arity = 2, Flags = CommandFlags.ReadOnly, AclCategories = AclCategory.Keyspace,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key")],
        Tips = ["nondeterministic_output"],
        Run = Dump,
    };

    static readonly Command RestoreSpec = new()
    {
        Name = "RESTORE", Group = CommandGroup.Generic, Since = "2.6.0",
        Complexity = "O(N) where N is the size of the value, O(N*log(N)) for a sorted set",
        Summary = "Creates a key from what DUMP answered.",
        History =
        [
            ("3.0.0", "Added the `REPLACE` modifier."), ("5.0.0", "Added the `ABSTTL` modifier."),
            ("5.0.0", "Added the `IDLETIME` and `FREQ` options."),
        ],
        Arity = -4, Flags = CommandFlags.Write | CommandFlags.DenyOom, AclCategories = AclCategory.Keyspace | AclCategory.Dangerous,
        Keys = [KeySpec.At(1, KeyFlags.OW | KeyFlags.Update)],
        Args =
        [
            Arg.Key("key"), Arg.Integer("ttl"), Arg.String("serialized-value"),
            Arg.Token("REPLACE").Optional().AddedIn("3.0.0"), Arg.Token("ABSTTL").Optional().AddedIn("5.0.0"),
            Arg.Integer("seconds").After("IDLETIME").Optional().AddedIn("5.0.0"),
            Arg.Integer("frequency").After("FREQ").Optional().AddedIn("5.0.0"),
        ],
        Propagates = Propagation.AsEffects,
        Run = static (ref CommandContext c) => Restore(ref c, hasMetadata: false),
    };

    static readonly Command RestoreAskingSpec = new()
    {
        Name = "RESTORE-ASKING", Group = CommandGroup.Server, Since = "3.0.0", Complexity = RestoreSpec.Complexity,
        Summary = "RESTORE as MIGRATE sends it within a cluster: into a slot that is being imported.",
        History =
        [
            ("3.0.0", "Added the `REPLACE` modifier."), ("5.0.0", "Added the `ABSTTL` modifier."),
            ("5.0.0", "Added the `IDLETIME` and `FREQ` options."),
        ],
        Arity = -4, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Asking, IsSysCmd = true,
        AclCategories = AclCategory.Keyspace | AclCategory.Dangerous,
        Keys = RestoreSpec.Keys, Args = RestoreSpec.Args,
        Propagates = Propagation.AsEffects,
        Run = static (ref CommandContext c) => Restore(ref c, hasMetadata: false),
    };

    static readonly Command CacheRestoreSpec = new()
    {
        Name = "CACHE.RESTORE", Group = CommandGroup.Server, Since = ServerVersion.Own, Complexity = RestoreSpec.Complexity,
        Summary = "RESTORE as MIGRATE sends it to a server that keeps the metadata of a cache's key.",
        Arity = -5, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Asking, IsSysCmd = true,
        AclCategories = AclCategory.Keyspace | AclCategory.Dangerous,
        Keys = RestoreSpec.Keys,
        Args =
        [
            Arg.Key("key"), Arg.Integer("ttl"), Arg.String("serialized-value"), Arg.String("metadata"), Arg.Token("REPLACE").Optional(),
        ],
        Propagates = Propagation.AsEffects,
        Run = static (ref CommandContext c) => Restore(ref c, hasMetadata: true),
    };

    struct RestoreOptions
    {
        public bool Replaces, IsAbsolute;
        public long IdleSeconds = -1, Frequency = -1;

        public RestoreOptions()
        {
        }

        /// <summary>The key's access in the unit of one kind of policy. It means nothing under another kind.</summary>
        public readonly RdbAccess Access =>
            Frequency >= 0 ? RdbAccess.Frequency((byte)Frequency) : IdleSeconds >= 0 ? RdbAccess.Idle(IdleSeconds) : RdbAccess.None;
    }

    static void Dump(ref CommandContext c)
    {
        var at = c.LookupRead(c.Arg(1));
        if (!at.Found)
        {
            c.Reply.Null();
            return;
        }
        using var payload = new PayloadBuffer();
        DumpPayload.Write(at.Record, c.Server.Config.Persistence.RdbCompression, payload);
        c.Reply.BeginBulk(payload.Length);
        payload.TakeOut(c.Reply.BulkPart);
        c.Reply.EndBulk();
    }

    /// <param name="hasMetadata">Whether metadata of the key stand behind its value.</param>
    static void Restore(ref CommandContext c, bool hasMetadata)
    {
        var key = c.Arg(1);
        var payload = c.Arg(3);
        if (!TryParse(ref c, hasMetadata ? 5 : 4, out var options)) return;
        var present = options.Replaces ? c.Peek(key) : c.LookupWrite(key);
        if (present.Found && !options.Replaces)
        {
            c.Fail(Errors.BusyKey);
            return;
        }
        if (!c.TryInteger(2, out var ttl)) return;
        if (ttl < 0)
        {
            c.Fail(Errors.InvalidTtl);
            return;
        }
        if (!DumpPayload.IsIntact(payload, c.Server.DebugSwitches.SkipChecksums))
        {
            c.Fail(Errors.BadPayload);
            return;
        }
        if (hasMetadata && !IsMetadataOf(key, c.Arg(4)))
        {
            c.Fail(Errors.BadPayload);
            return;
        }
        var expireAt = ttl == 0 ? -1 : options.IsAbsolute ? ttl : unchecked(ttl + c.Now);
        var limits = c.Encodings.CollectionLimits();
        if (!DumpPayload.TryRestore(payload, c.Database, key, Math.Max(expireAt, -1), limits, out var record, out var reason))
        {
            c.Server.Log.PayloadRefused(reason!);
            c.Fail(Errors.BadDataFormat);
            return;
        }
        c.Reply.Ok();
        if (ttl != 0 && c.IsPast(expireAt))
        {
            // The deadline has passed. The old value is gone nevertheless.
            var restored = c.Database.Lookup(key);
            if (present.Found) Delete(ref c, restored, key, c.Server.Config.Memory.LazyFreeLazyServerDel);
            else c.Database.Delete(restored);
            return;
        }
        c.Server.Keys.Restored(c.Database, record, key);
        record.AccessField = c.Server.AccessFields.FromRdb(options.Access);
        if (hasMetadata) c.Database.TryApply(c.Arg(4), out _);
        c.Changed(key, KeyspaceEvents.Generic, "restore");
        if (c.IsPropagating) EmitRestore(ref c, expireAt, options, hasMetadata);
        if (!hasMetadata) return;
        var arrived = c.Database.Lookup(key);
        if (KeyAccess.IsOvertaken(c.Database, arrived.Record)) c.Server.Keys.SettleAndTell(c.Database, key);
        else if (c.IsPropagating) CacheEffects.Metadata(c.Server.Effects, c.Database, arrived);
    }

    /// <summary>Whether a payload tells the metadata of this key, and of no other.</summary>
    static bool IsMetadataOf(ReadOnlySpan<byte> key, ReadOnlySpan<byte> payload) =>
        CachePayloadReader.TryBegin(payload, out var reader) && reader.Kind == CachePayloadKind.Keys
        && reader.NextKey(out var named, out _, out _) && named.SequenceEqual(key) && !reader.NextKey(out _, out _, out _);

    static bool TryParse(ref CommandContext c, int from, out RestoreOptions options)
    {
        options = new();
        for (var i = from; i < c.Count; i++)
        {
            var hasValue = i + 1 < c.Count;
            if (c.IsToken(i, "REPLACE"u8)) options.Replaces = true;
            else if (c.IsToken(i, "ABSTTL"u8)) options.IsAbsolute = true;
            else if (hasValue && options.Frequency < 0 && c.IsToken(i, "IDLETIME"u8))
            {
                if (!c.TryInteger(++i, out options.IdleSeconds)) return false;
                if (options.IdleSeconds >= 0) continue;
                c.Fail(Errors.InvalidIdleTime);
                return false;
            }
            else if (hasValue && options.IdleSeconds < 0 && c.IsToken(i, "FREQ"u8))
            {
                if (!c.TryInteger(++i, out options.Frequency)) return false;
                if (options.Frequency is >= 0 and <= 255) continue;
                c.Fail(Errors.InvalidFreq);
                return false;
            }
            else
            {
                c.Fail(Errors.Syntax);
                return false;
            }
        }
        return true;
    }

    static void EmitRestore(ref CommandContext c, long expireAt, in RestoreOptions options, bool hasMetadata)
    {
        if (!hasMetadata && (expireAt < 0 || options.IsAbsolute))
        {
            c.Server.Effects.AddVerbatim(c.Database.Number, c.Request);
            return;
        }
        var isRelative = expireAt >= 0 && !options.IsAbsolute;
        var effect = c.Emit(c.Count + (isRelative ? 1 : 0) - (hasMetadata ? 1 : 0));
        for (var i = 0; i < c.Count; i++)
        {
            if (i == 2 && isRelative) effect.Add(expireAt);
            else if (i == 0 && hasMetadata) effect.Add("RESTORE"u8);
            else if (i != 4 || !hasMetadata) effect.Add(c.Arg(i));
        }
        if (isRelative) effect.Add("ABSTTL"u8);
    }
}
