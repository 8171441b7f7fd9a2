using MiniRedis.Resp;
using MiniRedis.Server.Buffers;
using MiniRedis.Server.Clients;

namespace MiniRedis.Server.Tracking;

/// <summary>Sends clients invalidations of the keys that they have in their caches.</summary>
sealed partial class TrackedKeys
{
    /// <summary>
    /// Keys to forget at a time when the table has too many: some tens of microseconds, with a message for each.
    /// </summary>
    const int ForgottenAtOnce = 100;

    // Used within one call: the ids of a key, or the clients to be told of a flush.
    long[] _ids = new long[16];
    readonly List<Client> _told = [];

    // Invalidations for the client whose command runs, sent once the command is over. Each is a length, -1 for "everything", then
    // the key.
    readonly NativeWriter _pending = new();

    // A copy of the key that is being forgotten: its bytes in the table go before its clients are told.
    readonly NativeWriter _forgotten = new();

    // An array of keys, encoded once for all clients of a prefix, and a complete message.
    readonly ReplyWriter _encoder = new();
    readonly NativeWriter _keys = new(), _message = new();

    /// <summary>A key has changed or is forgotten: its clients are told, and it leaves the table.</summary>
    /// <param name="changer">The client whose command changed it; null for the server itself.</param>
    void Invalidate(ReadOnlySpan<byte> key, Client? changer)
    {
        var count = _table.Take(key, ref _ids);
        for (var i = 0; i < count; i++)
        {
            if (!clients.TryGet(_ids[i], out var client) || client.Tracking is not { IsOn: true } tracking) continue;
            // It may have read the key before it switched to prefixes.
            if (tracking.Has(TrackingModes.Broadcast)) continue;
            if (client != changer) Send(client, key);
            else if (!tracking.Has(TrackingModes.NoLoop)) Keep(key.Length, key);
        }
    }

    /// <summary>Every key has changed, or may have.</summary>
    /// <param name="changer">The client whose command caused it, which is told once that is over; null for the server itself.</param>
    void InvalidateAll(Client? changer)
    {
        // Sending to a client may close others.
        foreach (var client in clients.All)
        {
            if (client.Tracking is { IsOn: true }) _told.Add(client);
        }
        _table.Clear();
        foreach (var client in _told)
        {
            if (client == changer) Keep(-1, default);
            else if (client.Tracking is not null) SendAll(client);
        }
        _told.Clear();
    }

    /// <summary>Whether keys with broadcast prefixes have changed in this batch.</summary>
    public bool HasChangedPrefixes => _prefixes.AnyChanged;

    /// <summary>Tells the clients of prefixes which keys have changed in this batch.</summary>
    public void Broadcast()
    {
        foreach (var prefix in _prefixes.TakeChanged())
        {
            Encode(prefix, except: null);
            _told.AddRange(prefix.Clients);
            foreach (var client in _told)
            {
                if (client.Tracking is not { } tracking || client.IsGone) continue;
                if (!tracking.Has(TrackingModes.NoLoop)) SendEncoded(client, _keys.Written);
            }
            foreach (var client in _told)
            {
                if (client.Tracking is not { } tracking || client.IsGone || !tracking.Has(TrackingModes.NoLoop)) continue;
                if (Encode(prefix, except: client)) SendEncoded(client, _keys.Written);
            }
            _told.Clear();
        }
        _prefixes.Told();
    }

    /// <summary>
    /// Encodes the array of a prefix's keys, without those that <paramref name="except"/> changed. Returns whether there are any.
    /// </summary>
    bool Encode(TrackedPrefix prefix, Client? except)
    {
        var count = 0;
        foreach (var key in prefix.Changed) count += except is null || key.Changer != except ? 1 : 0;
        _keys.Clear();
        _encoder.Attach(_keys, protocol: 3);
        _encoder.Array(count);
        foreach (var key in prefix.Changed)
        {
            if (except is null || key.Changer != except) _encoder.Bulk(_prefixes.KeyOf(key));
        }
        _encoder.Complete();
        return count > 0;
    }

    /// <summary>
    /// Forgets some keys if the table has more than tracking-table-max-keys. Their clients are told as if the keys had changed.
    /// </summary>
    /// <returns>Whether the table still has too many.</returns>
    public bool ForgetSome()
    {
        for (var i = 0; i < ForgottenAtOnce && IsFull && _table.TryGetRandom(random, out var key); i++)
        {
            _forgotten.Clear();
            _forgotten.Write(key);
            Invalidate(_forgotten.Written, changer: null);
        }
        return IsFull;
    }

    void Keep(int length, ReadOnlySpan<byte> key)
    {
        BitConverter.TryWriteBytes(_pending.GetSpan(sizeof(int)), length);
        _pending.Advance(sizeof(int));
        _pending.Write(key);
        IsDue = true;
    }

    /// <summary>
    /// A command is over: its client gets the invalidations it caused, and a table with too many keys forgets some.
    /// </summary>
    public void EndCommand(Client client)
    {
        IsDue = false;
        for (ReadOnlySpan<byte> rest = _pending.Written; !rest.IsEmpty && client.Tracking is not null;)
        {
            var length = BitConverter.ToInt32(rest);
            rest = rest[sizeof(int)..];
            if (length < 0)
            {
                SendAll(client);
                continue;
            }
            Send(client, rest[..length]);
            rest = rest[length..];
        }
        _pending.Clear();
        ForgetSome();
    }

    /// <summary>Drops pending invalidations: their client is closing.</summary>
    public void DropPending() => _pending.Clear();

    void Send(Client client, ReadOnlySpan<byte> key)
    {
        if (!TryBegin(client, out var target)) return;
        _encoder.Array(1);
        _encoder.Bulk(key);
        End(target);
    }

    void SendAll(Client client)
    {
        if (!TryBegin(client, out var target)) return;
        _encoder.Null();
        End(target);
    }

    void SendEncoded(Client client, ReadOnlySpan<byte> keys)
    {
        if (!TryBegin(client, out var target)) return;
        _encoder.Raw(keys);
        End(target);
    }

    /// <summary>
    /// Starts the message for a client, to itself or to the client that it redirects to. The keys follow, then <see cref="End"/>.
    /// </summary>
    /// <returns>False if there is no receiver: in RESP2 only subscribers get messages out of band.</returns>
    bool TryBegin(Client client, out Client target)
    {
        target = client;
        var tracking = client.Tracking!;
        if (tracking.Redirect != 0)
        {
            if (!clients.TryGet(tracking.Redirect, out var other))
            {
                tracking.Modes |= TrackingModes.Broken;
                if (client.Protocol == 3) SendBroken(client, tracking.Redirect);
                return false;
            }
            target = other;
        }
        if (target.Protocol == 2 && (tracking.Redirect == 0 || !target.Has(ClientFlags.PubSub))) return false;
        _encoder.Attach(_message, target.Protocol);
        if (target.Protocol == 3)
        {
            _encoder.Push(2);
            _encoder.Bulk("invalidate"u8);
        }
        else
        {
            _encoder.Push(3);
            _encoder.Bulk("message"u8);
            _encoder.Bulk("__redis__:invalidate"u8);
        }
        return true;
    }

    void SendBroken(Client client, long redirect)
    {
        _encoder.Attach(_message, client.Protocol);
        _encoder.Push(2);
        _encoder.Bulk("tracking-redir-broken"u8);
        _encoder.Integer(redirect);
        End(client);
    }

    void End(Client target)
    {
        _encoder.Complete();
        pushes.Send(target, _message.Written);
        _message.Clear();
    }
}
