using System.Net;
using System.Net.Sockets;

namespace MiniRedis.Server.Sentinel;

/// <summary>
/// Addresses of hostnames, for <c>resolve-hostnames yes</c>. Redis asks the system in the middle of everything, and a name server
/// that is silent stops the Sentinel for seconds. Here a name is waited for once, for a bounded time; later the last answer
/// counts while a new one is asked for beside it.
/// </summary>
/// <remarks>Under the executor's lock.</remarks>
sealed class HostNames(TimeProvider time)
{
    /// <summary>The longest wait for a name that was never resolved: below the two seconds that put a Sentinel on TILT.</summary>
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    /// <summary>An answer is asked for again after so long. A reconnection, which needs it, is tried once a second.</summary>
    static readonly TimeSpan s_fresh = TimeSpan.FromSeconds(1);

    sealed class Entry
    {
        public string? Address { get; set; }
        public Task<string?>? Asking { get; set; }
        public long AskedAt { get; set; }
    }

    readonly Dictionary<string, Entry> _entries = new(StringComparer.OrdinalIgnoreCase);

    public string? Resolve(string name)
    {
        var isNew = !_entries.TryGetValue(name, out var entry);
        if (entry is null) _entries[name] = entry = new Entry();
        if (isNew || entry.Asking is null && time.GetElapsedTime(entry.AskedAt) > s_fresh)
        {
            entry.AskedAt = time.GetTimestamp();
            entry.Asking = Task.Run(() => Ask(name));
        }
        if (entry.Address is null) entry.Asking?.Wait(s_patience);
        if (entry.Asking is { IsCompleted: true } asked)
        {
            // A name that no longer resolves keeps its address: the name server may be as unwell as the instance.
            entry.Address = asked.Result ?? entry.Address;
            entry.Asking = null;
        }
        return entry.Address;
    }

    static string? Ask(string name)
    {
        try
        {
            var addresses = Dns.GetHostAddresses(name);
            return (Array.Find(addresses, a => a.AddressFamily == AddressFamily.InterNetwork) ?? addresses.FirstOrDefault())?.ToString();
        }
        catch (Exception failure) when (failure is SocketException or ArgumentException)
        {
            return null;
        }
    }
}
