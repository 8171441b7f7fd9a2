using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.Execution;

/// <summary>
/// What a handler works with: the request's arguments, the client's database, the reply, the stream of effects. Lives on the
/// stack for one command. Lookups are in CommandContext.Keys.cs, waiting in CommandContext.Blocking.cs.
/// </summary>
ref partial struct CommandContext
{
    // The parts of the request rather than the request: copying its 32 bytes right after they were written would stall on the
    // stores.
    readonly ref byte _bytes;
    readonly ref ArgRange _args;
    readonly int _length, _count;
    readonly ulong _keyHash;
    readonly bool _hasKeyHash;

    /// <param name="keyHash">The hash of the first key, where it is known already.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public CommandContext(ServerParts server, Client client, Command command, ReplyWriter reply, in Request request, ulong? keyHash = null)
    {
        _bytes = ref MemoryMarshal.GetReference(request.Base);
        _length = request.Base.Length;
        _args = ref MemoryMarshal.GetReference(request.Args);
        _count = request.Args.Length;
        _keyHash = keyHash.GetValueOrDefault();
        _hasKeyHash = keyHash.HasValue;
        Server = server;
        Client = client;
        Command = command;
        Reply = reply;
        Database = client.Database;
        MayBlock = true;
    }

    public ServerParts Server { get; }
    public Client Client { get; }
    public Command Command { get; }
    public ReplyWriter Reply { get; }

    /// <summary>The client's selected database.</summary>
    public Database Database { get; }

    /// <summary>False if a command that finds nothing must answer at once: in a transaction or a script.</summary>
    public bool MayBlock { get; init; }

    public readonly Request Request
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(MemoryMarshal.CreateReadOnlySpan(ref _bytes, _length), MemoryMarshal.CreateReadOnlySpan(ref _args, _count));
    }

    /// <inheritdoc cref="Request.MostEncodedLength"/>
    /// <remarks>Asked at every command: without making the request.</remarks>
    public readonly long MostEncodedLength
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _length == 0 ? Request.EncodedLength : Request.MostLength(_args, Unsafe.Add(ref _args, _count - 1), _count);
    }

    /// <summary>The hash of the first key, if it is known.</summary>
    public readonly ulong? FirstKeyHash => _hasKeyHash ? _keyHash : null;

    /// <summary>Number of arguments, the command's name included.</summary>
    public readonly int Count => _count;

    /// <summary>Argument <paramref name="index"/>; 0 is the command's name. Valid until the command ends.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ReadOnlySpan<byte> Arg(int index) => Request[index];

    /// <summary>Whether argument <paramref name="index"/> is <paramref name="token"/> (upper-case ASCII) in any case.</summary>
    public readonly bool IsToken(int index, ReadOnlySpan<byte> token) => Ascii.EqualsIgnoreCase(Request[index], token);

    /// <summary>How large packed encodings may become.</summary>
    public readonly EncodingSettings Encodings => Server.Config.Encodings;

    /// <summary>Unix time in milliseconds at which the command began.</summary>
    public readonly long Now => Server.Clock.Now;

    /// <inheritdoc cref="KeyAccess.ExpiredBy"/>
    public readonly long ExpiredBy => Server.Keys.ExpiredBy;

    /// <summary>
    /// Whether a key or field given this deadline (unix ms) is deleted instead, because the deadline has passed. False while the
    /// AOF is loaded, in import mode, on a replica and of a slot on its way here: a later command may extend the deadline.
    /// </summary>
    public readonly bool IsPast(long deadline) =>
        deadline <= Now && !Server.Dataset.IsLoading && !Server.History.IsReplica && !Server.Config.Process.ImportMode
        && Client.ImportedSlots is null;

    /// <summary>
    /// Whether the command has been accepted once: it comes from a master, from the source of a slot, or from a file. Limits that may be
    /// others by now do not hold.
    /// </summary>
    public readonly bool MustObey => Client.Has(ClientFlags.Master) || Client.ImportedSlots is not null || Server.Dataset.IsLoading;

    /// <summary>Answers with an error: the text without its leading '-', code first.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public readonly void Fail(ReadOnlySpan<byte> text)
    {
        Server.Statistics.CountError(text);
        Reply.Error(text);
    }

    /// <inheritdoc cref="Fail(ReadOnlySpan{byte})"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public readonly void Fail(string text) => Fail(System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Reads an integer argument, or answers an error.</summary>
    public readonly bool TryInteger(int index, out long value)
    {
        if (Numbers.TryParseInt64(Arg(index), out value)) return true;
        Fail(Errors.NotInteger);
        return false;
    }

    /// <summary>As <see cref="TryInteger"/>, for numbers that must fit 32 bits.</summary>
    public readonly bool TryInt32(int index, out int value)
    {
        value = 0;
        if (!TryInteger(index, out var wide)) return false;
        if (wide is >= int.MinValue and <= int.MaxValue)
        {
            value = (int)wide;
            return true;
        }
        Fail(Errors.NotBetween(int.MinValue, int.MaxValue));
        return false;
    }

    /// <summary>
    /// Keeps argument <paramref name="index"/> of this call out of SLOWLOG and MONITOR: it is or may be a password.
    /// </summary>
    public readonly void Redact(int index) => Server.Redactions.Mark(index);

    /// <summary>A key of the client's database changed: counts one change and sends an event of this class and name.</summary>
    /// <param name="countsAsChange">False for the second event of one change (SET with EX: "set", then "expire").</param>
    public readonly void Changed(ReadOnlySpan<byte> key, KeyspaceEvents kind, string name, bool countsAsChange = true)
    {
        AssertDeclared(key);
        if (countsAsChange) Server.Effects.KeyChanged(Database.Number, key, kind, name);
        else Server.Effects.Notify(Database.Number, key, kind, name);
    }

    /// <summary>Whether canonical commands are wanted. Ask before building one.</summary>
    public readonly bool IsPropagating => Server.Effects.IsPropagating;

    /// <summary>Starts a canonical command of <paramref name="count"/> arguments in the client's database.</summary>
    public readonly EffectStream Emit(int count)
    {
        Server.Effects.Begin(Database.Number, count);
        return Server.Effects;
    }
}
