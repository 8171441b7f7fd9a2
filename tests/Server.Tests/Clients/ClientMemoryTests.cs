using MiniRedis.Server.Clients;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Tests.Clients;

public sealed class ClientMemoryTests : IDisposable
{
    readonly LoneParts _parts = new();
    readonly ClientMemory _memory = new();
    readonly Client _client;

    public ClientMemoryTests() => _client = _parts.Connect();

    public void Dispose()
    {
        _client.Connection.Output.Discard();
        _parts.Dispose();
    }

    [Fact]
    public void A_client_counts_by_what_it_holds_when_it_is_looked_at()
    {
        _memory.Account(_client);
        Assert.Equal(Client.OwnBytes, _memory.MemoryBytes);
        _client.Name = new byte[100];
        Assert.Equal(Client.OwnBytes, _memory.MemoryBytes);
        _memory.Account(_client);
        Assert.Equal(Client.OwnBytes + 100, _memory.MemoryBytes);
        _memory.Remove(_client);
        Assert.Equal(0, _memory.MemoryBytes);
    }

    [Fact]
    public void Replies_that_fit_a_chunk_do_not_count_when_a_batch_ends_and_do_otherwise()
    {
        _client.Connection.Output.Push("+OK\r\n"u8);
        _memory.Account(_client, batchEnds: true);
        Assert.Equal(Client.OwnBytes, _memory.MemoryBytes);
        Assert.True(_client.OutputPlace < 0);
        _memory.Account(_client);
        Assert.Equal(Client.OwnBytes + ChunkPool.MessageChunkBytes, _memory.MemoryBytes);
        Assert.Equal(0, _client.OutputPlace);
    }

    [Fact]
    public void Output_that_was_sent_is_forgotten_at_the_next_refresh_of_those_that_had_some()
    {
        var other = _parts.Connect();
        foreach (var client in new[] { _client, other })
        {
            client.Connection.Output.Push("+OK\r\n"u8);
            _memory.Account(client);
        }
        _client.Connection.Output.Discard();
        _memory.Refresh();
        Assert.True(_client.OutputPlace < 0);
        Assert.Equal(0, other.OutputPlace);
        Assert.Equal(2 * Client.OwnBytes + ChunkPool.MessageChunkBytes, _memory.MemoryBytes);
        _memory.Remove(other);
        Assert.True(other.OutputPlace < 0);
        other.Connection.Output.Discard();
    }

    [Fact]
    public void A_client_that_is_gone_is_counted_no_more()
    {
        _client.IsGone = true;
        _memory.Account(_client);
        Assert.Equal(0, _memory.MemoryBytes);
    }
}
