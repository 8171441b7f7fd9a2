namespace MiniRedis.Storage.RdbFiles;

/// <summary>
/// What a file tells of the use of a key: how long it was idle, under an LRU policy of eviction, or how often it was used, under
/// an LFU policy. Under other policies nothing.
/// </summary>
public readonly struct RdbAccess
{
    readonly Form _form;
    readonly long _value;

    RdbAccess(Form form, long value) => (_form, _value) = (form, value);

    enum Form : byte
    {
        None,
        Idle,
        Frequency,
    }

    public static RdbAccess None => default;

    /// <summary>Whole seconds since the key was used.</summary>
    public static RdbAccess Idle(long seconds) => new(Form.Idle, seconds);

    /// <summary>The logarithmic counter of LFU.</summary>
    public static RdbAccess Frequency(byte counter) => new(Form.Frequency, counter);

    /// <summary>Seconds since the key was used; -1 if not known.</summary>
    public long IdleSeconds => _form == Form.Idle ? _value : -1;

    /// <summary>The logarithmic counter of LFU; -1 if not known.</summary>
    public int Counter => _form == Form.Frequency ? (int)_value : -1;
}
