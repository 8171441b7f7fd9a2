namespace MiniRedis.Server.Clients;

/// <summary>CLIENT REPLY's modes. SKIP is asked for during one command and applies to the next.</summary>
enum ReplyMode : byte
{
    On,
    Off,
    SkipNext,
    SkipThis,
}
