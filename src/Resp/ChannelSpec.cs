namespace MiniRedis.Resp;

/// <summary>The channels of a command that a user needs rights to: those it publishes to or subscribes to.</summary>
/// <param name="First">The first argument that is one.</param>
/// <param name="ToEnd">Whether all arguments that follow are, too.</param>
/// <param name="ArePatterns">Whether they are patterns (PSUBSCRIBE), which must be allowed literally.</param>
/// <remarks>Source: ChannelSpecs of Redis's acl.c. Ending a subscription needs no right.</remarks>
public sealed record ChannelSpec(int First, bool ToEnd = false, bool ArePatterns = false);
