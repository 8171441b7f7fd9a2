using System.Buffers;
using System.Buffers.Text;
using System.Text;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;

namespace MiniRedis.Server.PubSub;

/// <summary>
/// Publishes key events: to <c>__keyspace@db__:key</c> with the event's name as message, and to <c>__keyevent@db__:name</c> with
/// the key, as <c>notify-keyspace-events</c> says. It is a sink of the stream of effects only while a client could receive a
/// message, so the setting alone costs nothing. Under the executor's lock.
/// </summary>
sealed class KeyspaceNotifications : IEffectSink
{
    /// <summary>Room for an event's name. The longest today has 20 bytes.</summary>
    const int LongestName = 64;

    const KeyspaceEvents Forms = KeyspaceEvents.Keyspace | KeyspaceEvents.Keyevent;

    readonly ObservationSettings _settings;
    readonly PubSubChannels _channels;
    readonly EffectStream _effects;
    readonly FrameBuffer _channel = new();
    bool _listens;

    public KeyspaceNotifications(ObservationSettings settings, PubSubChannels channels, EffectStream effects)
    {
        (_settings, _channels, _effects) = (settings, channels, effects);
        channels.ListenersChanged = Refresh;
    }

    KeyspaceEvents IEffectSink.WantedEvents => _settings.NotifyKeyspaceEvents & ~Forms;

    /// <summary>Follows the setting and whether there are subscribers.</summary>
    public void Refresh()
    {
        var listens = (_settings.NotifyKeyspaceEvents & Forms) != 0 && _channels.HasListeners;
        if (listens == _listens) return;
        _listens = listens;
        if (listens) _effects.AddSink(this);
        else _effects.RemoveSink(this);
    }

    void IEffectSink.OnKeyEvent(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name)
    {
        var asked = _settings.NotifyKeyspaceEvents;
        if ((asked & kind) == 0) return;
        Span<byte> bytes = stackalloc byte[LongestName];
        var text = bytes[..Encoding.ASCII.GetBytes(name, bytes)];
        if ((asked & KeyspaceEvents.Keyspace) != 0) Publish("__keyspace@"u8, database, key, text);
        if ((asked & KeyspaceEvents.Keyevent) != 0) Publish("__keyevent@"u8, database, text, key);
    }

    void Publish(ReadOnlySpan<byte> form, int database, ReadOnlySpan<byte> about, ReadOnlySpan<byte> message)
    {
        _channel.Write(form);
        Utf8Formatter.TryFormat(database, _channel.GetSpan(11), out var digits);
        _channel.Advance(digits);
        _channel.Write("__:"u8);
        _channel.Write(about);
        _channels.Publish(_channel.Written, message);
        _channel.Clear();
    }
}
