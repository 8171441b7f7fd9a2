using System.Runtime.CompilerServices;
using MiniRedis.Resp;

namespace MiniRedis.Server.Execution.Intake;

/// <summary>A request that was parsed ahead of its execution, in a <see cref="RequestWindow"/>.</summary>
struct ParsedRequest
{
    /// <summary>Its arguments, and their bytes if <see cref="IsCopied"/>.</summary>
    public ArgBuffer Arguments;

    /// <summary>The command it names, before subcommands are resolved; null if there is none.</summary>
    public Command? Command;

    /// <summary>The hash of its first key, if it has one.</summary>
    public ulong Hash;

    /// <summary>Where it lies in the bytes received, and the number of its arguments.</summary>
    public int Start, Length, Count;

    public bool HasKey;

    /// <summary>Whether its arguments do not lie in the bytes received as they are to be read.</summary>
    public bool IsCopied;

    /// <summary>Whether it has the form that <see cref="RequestParser.TakeUsual"/> takes.</summary>
    public bool IsUsual;

    /// <summary>Whether the key is that of the request before: its prefetch is already under way.</summary>
    public bool RepeatsKey;

    /// <summary>Its end: all bytes before that are consumed once it has run.</summary>
    public readonly int End => Start + Length;

    /// <summary>The hash of its first key, or null if it has no key.</summary>
    public readonly ulong? KeyHash => HasKey ? Hash : null;

    /// <summary>The request itself.</summary>
    /// <param name="bytes">The bytes that the window was filled from.</param>
    public readonly Request View(ReadOnlySpan<byte> bytes) => IsCopied ? Arguments.Build() : ViewInPlace(bytes);

    /// <summary>As <see cref="View"/>, of one that is not copied.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Request ViewInPlace(ReadOnlySpan<byte> bytes) => Arguments.View(bytes[Start..], Count);
}
