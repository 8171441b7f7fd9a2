using System.Diagnostics;
using System.Globalization;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Cluster;

/// <summary>
/// A client that goes where it is sent: MOVED, ASK, TRYAGAIN, and to the next node where one is gone or cut off. It writes keys in turn and knows which
/// writes a master and one of its replicas have acknowledged: these must be there at the end.
/// </summary>
/// <remarks>One thread.</remarks>
sealed class ClusterWriter(ClusterFleet fleet) : IDisposable
{
    readonly Dictionary<int, RawClient> _clients = [];
    readonly Dictionary<string, string> _acknowledged = [];
    readonly Dictionary<string, int> _homes = [];
    int _next;

    /// <summary>How many keys are known to be safe.</summary>
    public int Count => _acknowledged.Count;

    /// <summary>Writes one key, or writes it anew.</summary>
    /// <param name="keys">After so many keys the first one is written again.</param>
    /// <param name="replicas">How many replicas must have it, for the write to count.</param>
    /// <param name="set">The name of the set of keys.</param>
    public void Write(int keys, int replicas, string set = "key")
    {
        var number = _next++;
        var (key, value) = ($"{set}:{number % keys}", number.ToString(CultureInfo.InvariantCulture));
        if (Call(key, $"SET {key} {value}") != "+OK")
        {
            // It may have been done or not: either value is right.
            _acknowledged.Remove(key);
            return;
        }
        if (replicas > 0 && (Try(_homes[key], $"WAIT {replicas} 1000") is not [':', var enough, ..] || enough - '0' < replicas))
        {
            _acknowledged.Remove(key);
            return;
        }
        _acknowledged[key] = value;
    }

    /// <summary>A key that was last found at a node.</summary>
    public string KeyOf(FleetNode node) => _homes.First(home => home.Value == node.Port).Key;

    /// <summary>All that was acknowledged is there.</summary>
    public void CheckAll()
    {
        foreach (var (key, value) in _acknowledged) Assert.Equal($"${value.Length} {value}", Call(key, $"GET {key}"));
    }

    /// <summary>Runs a command where the key is.</summary>
    public string Call(string key, string command)
    {
        var port = _homes.GetValueOrDefault(key, fleet.Alive.First().Port);
        var reply = "";
        for (var patience = Stopwatch.StartNew(); patience.Elapsed < ClusterFleet.Patience;)
        {
            reply = Try(port, command) ?? "";
            if (reply.StartsWith("-MOVED", StringComparison.Ordinal)) port = PortOf(reply);
            else if (reply.StartsWith("-ASK ", StringComparison.Ordinal))
            {
                var target = PortOf(reply);
                if (Try(target, "ASKING") != "+OK") continue;
                reply = Try(target, command) ?? "";
                if (reply.Length > 0 && reply[0] != '-') return reply;
            }
            else if (reply.Length == 0 || reply.StartsWith("-CLUSTERDOWN", StringComparison.Ordinal))
            {
                // Another node may know more than one that is gone or cut off.
                var alive = fleet.Alive.ToList();
                port = alive[(alive.FindIndex(n => n.Port == port) + 1) % alive.Count].Port;
                Thread.Yield();
            }
            else if (reply.StartsWith("-TRYAGAIN", StringComparison.Ordinal) || reply.StartsWith("-LOADING", StringComparison.Ordinal)
                || reply.StartsWith("-MASTERDOWN", StringComparison.Ordinal))
            {
                Thread.Yield();
            }
            else
            {
                _homes[key] = port;
                return reply;
            }
        }
        throw new TimeoutException($"{command} was never done: {reply}");
    }

    static int PortOf(string redirection) => int.Parse(redirection[(redirection.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture);

    /// <summary>The reply; null where the node is gone.</summary>
    string? Try(int port, string command)
    {
        try
        {
            if (!_clients.TryGetValue(port, out var client)) _clients[port] = client = new RawClient(port);
            return client.Call(command);
        }
        catch (Exception failure) when (failure is IOException or System.Net.Sockets.SocketException)
        {
            if (_clients.Remove(port, out var gone)) gone.Dispose();
            return null;
        }
    }

    public void Dispose()
    {
        foreach (var client in _clients.Values) client.Dispose();
    }
}
