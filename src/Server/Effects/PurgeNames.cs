using MiniRedis.Resp;

namespace MiniRedis.Server.Effects;

/// <summary>The names of a purge: the last arguments of a command, or one by itself. Where all are purged it is one that is empty.</summary>
readonly ref struct PurgeNames
{
    readonly Request _request;
    readonly int _first;
    readonly ReadOnlySpan<byte> _one;

    /// <param name="first">The argument that is the first name; all behind it are names too.</param>
    public PurgeNames(Request request, int first)
    {
        _request = request;
        _first = first;
        Count = request.Count - first;
    }

    public PurgeNames(ReadOnlySpan<byte> one)
    {
        _one = one;
        Count = 1;
    }

    public int Count { get; }

    public ReadOnlySpan<byte> this[int index] => _first == 0 ? _one : _request[_first + index];
}
