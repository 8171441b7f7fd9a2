using System.Diagnostics;

namespace MiniRedis.Server.Transport.Linux;

/// <summary>A turn within a turn: serves other connections while a command of one runs too long.</summary>
sealed unsafe partial class EpollLoop
{
    /// <summary>Most events of one turn.</summary>
    const int MaxEventsWhileBusy = 64;

    NativeBuffer? _inputWhileBusy;
    Connection? _busy;
    bool _busyNeedsAttention;

    /// <summary>Whether the calling thread is the loop's.</summary>
    public bool IsCurrent => Thread.CurrentThread == _thread;

    /// <inheritdoc cref="ITransport.ServeOthersLocked"/>
    public void ServeOthersLocked(Connection? busy)
    {
        // The requests that the busy connection has sent lie in the shared buffer.
        _inputWhileBusy ??= new NativeBuffer(InputPipe.SharedBytes);
        _sharedInput.Exchange(_inputWhileBusy);
        _busy = busy;
        _handler.ExecutorLock.Exit();
        try
        {
            ServeOthers();
            Thread.Yield();
        }
        finally
        {
            _handler.ExecutorLock.Enter();
            if (_busyNeedsAttention) _attention.Enqueue((EpollConnection)busy!);
            _attentionPending |= _busyNeedsAttention;
            (_busy, _busyNeedsAttention) = (null, false);
            _sharedInput.Exchange(_inputWhileBusy);
        }
    }

    void ServeOthers()
    {
        var events = stackalloc byte[MaxEventsWhileBusy * LibC.EventBytes];
        var count = LibC.EpollWait(_epoll, events, MaxEventsWhileBusy, 0);
        for (var i = 0; i < count; i++)
        {
            Dispatch(LibC.EventDescriptor(events, i), LibC.Events(events, i));
            if (_hasDoomed) EndDoomed();
        }
        EndTurn();
        Attend(Stopwatch.GetTimestamp());
        // Events of the outer turn may name descriptors that are closed here and used anew: they find nothing to read then.
        CloseMarked();
    }
}
