using System.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Links;

namespace MiniRedis.Server.Commands.Migration;

/// <summary>
/// MIGRATE: DUMP here, RESTORE there, and DEL here of what the target has acknowledged. Nothing else runs while it waits for the target,
/// as in Redis: a key that others could change meanwhile would be another here than there.
/// </summary>
static partial class MigrationCommands
{
    /// <summary>What Redis takes for a timeout of nothing or less; milliseconds.</summary>
    const int DefaultTimeout = 1000;

    struct MigrateOptions
    {
        public bool Copies, Replaces;

        /// <summary>Arguments; 0 for none.</summary>
        public int User, Password;

        public int FirstKey, LastKey;
        public long Database;
        public TimeSpan Timeout;
    }

    /// <summary>How far a call came with its target.</summary>
    enum Transfer
    {
        Done,
        CannotConnect,
        CannotWrite,
        CannotRead,
    }

    static void Migrate(ref CommandContext c)
    {
        if (!TryParse(ref c, out var options)) return;
        using var found = new Scratch<int>(c.Database, options.LastKey - options.FirstKey + 1, stackalloc int[64]);
        var count = 0;
        for (var i = options.FirstKey; i <= options.LastKey; i++)
        {
            if (c.LookupRead(c.Arg(i)).Found) found[count++] = i;
        }
        if (count == 0)
        {
            c.Reply.SimpleString("NOKEY"u8);
            return;
        }
        var outcome = TransferKeys(ref c, options, found.Span[..count], out var refusal, out var isUntouched);
        // A connection that was kept may have been closed by the other side since; a new one tells whether the target is there.
        if (isUntouched) outcome = TransferKeys(ref c, options, found.Span[..count], out refusal, out _);
        if (refusal is not null) c.Fail(Errors.MigrateRefused(refusal.Bytes));
        else if (outcome == Transfer.CannotConnect) c.Fail(Errors.MigrateCannotConnect);
        else if (outcome == Transfer.CannotWrite) c.Fail(Errors.MigrateCannotWrite);
        else if (outcome == Transfer.CannotRead) c.Fail(Errors.MigrateCannotRead);
        else c.Reply.Ok();
    }

    static bool TryParse(ref CommandContext c, out MigrateOptions options)
    {
        options = new() { FirstKey = 3, LastKey = 3 };
        for (var i = 6; i < c.Count; i++)
        {
            var left = c.Count - 1 - i;
            if (c.IsToken(i, "COPY"u8)) options.Copies = true;
            else if (c.IsToken(i, "REPLACE"u8)) options.Replaces = true;
            else if (left >= 1 && c.IsToken(i, "AUTH"u8))
            {
                options.Password = ++i;
                c.Redact(i);
            }
            else if (left >= 2 && c.IsToken(i, "AUTH2"u8))
            {
                options.User = ++i;
                options.Password = ++i;
                c.Redact(options.User);
                c.Redact(options.Password);
            }
            else if (c.IsToken(i, "KEYS"u8))
            {
                if (c.Arg(3).Length > 0)
                {
                    c.Fail(Errors.MigrateKeysNeedEmptyKey);
                    return false;
                }
                (options.FirstKey, options.LastKey) = (i + 1, c.Count - 1);
                break;
            }
            else
            {
                c.Fail(Errors.Syntax);
                return false;
            }
        }
        if (!c.TryInteger(5, out var timeout) || !c.TryInteger(4, out options.Database)) return false;
        options.Timeout = TimeSpan.FromMilliseconds(timeout <= 0 ? DefaultTimeout : Math.Min(timeout, int.MaxValue));
        return true;
    }

    /// <summary>Sends keys, and deletes those that the target acknowledges.</summary>
    /// <param name="keys">Arguments. Those that were acknowledged come first afterwards.</param>
    /// <param name="refusal">The first error that the target answered; null if it answered none.</param>
    /// <param name="isUntouched">Whether the connection failed in a way that a new one may not, before a key was answered.</param>
    static Transfer TransferKeys(
        ref CommandContext c, in MigrateOptions options, scoped Span<int> keys, out LinkReply? refusal, out bool isUntouched)
    {
        refusal = null;
        isUntouched = false;
        CachedLink target;
        try
        {
            target = c.Server.MigrationLinks.Get(TargetOf(ref c, options), c.Now);
        }
        catch (LinkException)
        {
            return Transfer.CannotConnect;
        }
        var outcome = Transfer.CannotWrite;
        var (answered, acknowledged) = (0, 0);
        try
        {
            if (target.TakesMetadata is null && HasMetadata(ref c, keys)) AskForMetadata(ref c, options, target);
            var selects = target.Database != options.Database;
            var sent = Send(ref c, options, keys, target, selects);
            outcome = Transfer.CannotRead;
            // Whoever was not let in, or is in another database, has restored nothing that counts.
            if (options.Password > 0 && Receive(target) is { IsError: true } notIn) refusal = notIn;
            if (selects && Receive(target) is { IsError: true } notSelected) refusal ??= notSelected;
            var isRefused = refusal is not null;
            for (; answered < sent; answered++)
            {
                var reply = Receive(target);
                if (reply.IsError) refusal ??= reply;
                if (isRefused || reply.IsError || options.Copies) continue;
                var key = keys[answered];
                if (c.Peek(c.Arg(key)) is { Found: true } at) c.Delete(at, c.Arg(key));
                keys[acknowledged++] = key;
            }
            target.Database = refusal is null ? options.Database : -1;
            outcome = Transfer.Done;
        }
        catch (LinkException failure)
        {
            c.Server.MigrationLinks.Drop(target);
            isUntouched = answered == 0 && refusal is null && !failure.IsTimeout;
        }
        if (acknowledged > 0) EmitDeletion(ref c, keys[..acknowledged]);
        return outcome;
    }

    static LinkTarget TargetOf(ref CommandContext c, in MigrateOptions options) =>
        new(Encoding.Latin1.GetString(c.Arg(1)), PortOf(c.Arg(2)))
        {
            UsesTls = c.Server.Config.Tls.TlsCluster,
            ConnectTimeout = options.Timeout,
            Timeout = options.Timeout,
        };

    /// <summary>0, where nobody can be reached, if it is none.</summary>
    static int PortOf(ReadOnlySpan<byte> text) => Numbers.TryParseInt64(text, out var port) && port is > 0 and <= 65535 ? (int)port : 0;

    /// <returns>How many keys were sent. They come first afterwards: one whose deadline has passed is not sent.</returns>
    static int Send(ref CommandContext c, in MigrateOptions options, scoped Span<int> keys, CachedLink target, bool selects)
    {
        var writer = target.Writer;
        SendPassword(ref c, options, writer);
        if (selects)
        {
            writer.BeginCommand(2);
            writer.Word("SELECT"u8);
            writer.Word(options.Database);
        }
        using var payload = new PayloadBuffer();
        var sent = 0;
        foreach (var key in keys)
        {
            var at = c.Peek(c.Arg(key));
            if (!at.Found) continue;
            var ttl = 0L;
            if (c.Database.DeadlineOf(at.Record) is >= 0 and var deadline)
            {
                // Of a key that the source of an import still keeps alive nothing is left.
                if (deadline < c.Now) continue;
                ttl = Math.Max(1, deadline - c.Now);
            }
            keys[sent++] = key;
            var withMetadata = at.Record.HasMetadata && target.TakesMetadata == true;
            writer.BeginCommand((options.Replaces ? 5 : 4) + (withMetadata ? 1 : 0));
            // A target that imports the slot would send the others away.
            writer.Word(withMetadata ? "CACHE.RESTORE"u8 : c.Server.Config.Cluster.ClusterEnabled ? "RESTORE-ASKING"u8 : "RESTORE"u8);
            writer.Word(c.Arg(key));
            writer.Word(ttl);
            DumpPayload.Write(at.Record, c.Server.Config.Persistence.RdbCompression, payload);
            SendWord(writer, payload);
            if (withMetadata)
            {
                CacheEffects.Write(payload, c.Database, at);
                SendWord(writer, payload);
            }
            if (options.Replaces) writer.Word("REPLACE"u8);
        }
        writer.Flush();
        return sent;
    }

    static void SendPassword(ref CommandContext c, in MigrateOptions options, LinkWriter writer)
    {
        if (options.Password == 0) return;
        writer.BeginCommand(options.User > 0 ? 3 : 2);
        writer.Word("AUTH"u8);
        if (options.User > 0) writer.Word(c.Arg(options.User));
        writer.Word(c.Arg(options.Password));
    }

    static void SendWord(LinkWriter writer, PayloadBuffer word)
    {
        writer.BeginWord(word.Length);
        word.TakeOut(writer.Piece);
        writer.EndWord();
    }

    static bool HasMetadata(ref CommandContext c, scoped ReadOnlySpan<int> keys)
    {
        foreach (var key in keys)
        {
            if (c.Peek(c.Arg(key)) is { Found: true } at && at.Record.HasMetadata) return true;
        }
        return false;
    }

    /// <summary>
    /// Asks whether the target knows the command that restores metadata with a key. To one that does not, keys go without: it has no place
    /// for them.
    /// </summary>
    static void AskForMetadata(ref CommandContext c, in MigrateOptions options, CachedLink target)
    {
        SendPassword(ref c, options, target.Writer);
        target.Writer.BeginCommand(3);
        target.Writer.Word("COMMAND"u8);
        target.Writer.Word("INFO"u8);
        target.Writer.Word("CACHE.RESTORE"u8);
        target.Writer.Flush();
        // Whoever is not let in is told so when the keys are sent.
        if (options.Password > 0) Receive(target);
        if (Receive(target) is { IsError: false } reply) target.TakesMetadata = reply.Items is [{ Kind: LinkReplyKind.Array }];
    }

    /// <summary>A reply; empty lines before it do not count.</summary>
    static LinkReply Receive(CachedLink target)
    {
        while (true)
        {
            if (target.Link.Receive() is { Kind: not LinkReplyKind.KeepAlive } reply) return reply;
        }
    }

    static void EmitDeletion(ref CommandContext c, scoped ReadOnlySpan<int> keys)
    {
        if (!c.IsPropagating) return;
        var effect = c.Emit(1 + keys.Length);
        effect.Add("DEL"u8);
        foreach (var key in keys) effect.Add(c.Arg(key));
    }
}
