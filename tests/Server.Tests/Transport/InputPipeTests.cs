using System.Text;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Tests.Transport;

/// <summary>Which buffer a connection's bytes are in, and for how long it holds one of its own.</summary>
public sealed class InputPipeTests : IDisposable
{
    readonly NativeBuffer _shared = new(InputPipe.SharedBytes);
    readonly InputPipe _pipe;

    public InputPipeTests() => _pipe = new InputPipe(_shared);

    public void Dispose()
    {
        _pipe.Discard();
        _shared.Free();
    }

    void Receive(string bytes)
    {
        Encoding.ASCII.GetBytes(bytes, _pipe.PrepareReceive());
        _pipe.Received(bytes.Length);
    }

    string Unread => Encoding.ASCII.GetString(_pipe.Unread);

    [Fact]
    public void What_is_consumed_at_once_needs_no_buffer_of_its_own()
    {
        Receive("PING\r\n");
        _pipe.Consume(6);
        _pipe.KeepUnread(wanted: 0);
        Assert.Equal((0, 0), (_pipe.OwnCapacity, _pipe.Length));
    }

    [Fact]
    public void A_rest_moves_into_a_buffer_of_its_own_that_fits_what_is_wanted()
    {
        Receive("PING\r\nSET k ");
        _pipe.Consume(6);
        _pipe.KeepUnread(wanted: 100_000);
        Assert.Equal((100_000, 6), (_pipe.OwnCapacity, _pipe.OwnLength));
        Receive("v\r\n");
        Assert.Equal("SET k v\r\n", Unread);
    }

    [Fact]
    public void The_buffer_is_kept_for_the_next_request_and_what_arrives_meanwhile_is_parsed_in_the_shared_one()
    {
        Receive("SET k ");
        _pipe.KeepUnread(wanted: 0);
        var capacity = _pipe.OwnCapacity;
        Receive("v\r\n");
        _pipe.Consume(9);
        Assert.Equal((capacity, 0), (_pipe.OwnCapacity, _pipe.OwnLength));
        Assert.Equal(InputPipe.SharedBytes, _pipe.PrepareReceive().Length);
        Receive("GET");
        _pipe.KeepUnread(wanted: 0);
        Assert.Equal((capacity, 3), (_pipe.OwnCapacity, _pipe.OwnLength));
        Assert.Equal("GET", Unread);
    }

    [Fact]
    public void A_buffer_of_one_unusual_request_goes_at_once()
    {
        Receive("x");
        _pipe.KeepUnread(wanted: 2 * 1024 * 1024);
        _pipe.Consume(1);
        Assert.Equal(0, _pipe.OwnCapacity);
    }

    [Fact]
    public void Trimming_frees_an_idle_buffer_and_shrinks_a_busy_one()
    {
        Receive("x");
        _pipe.KeepUnread(wanted: 500_000);
        _pipe.Trim(idle: true);
        Assert.Equal("x", Unread);
        Assert.InRange(_pipe.OwnCapacity, 1, 16 * 1024);

        _pipe.KeepUnread(wanted: 500_000);
        _pipe.Consume(1);
        _pipe.Trim(idle: false);
        Assert.InRange(_pipe.OwnCapacity, 1, 16 * 1024);
        _pipe.Trim(idle: true);
        Assert.Equal(0, _pipe.OwnCapacity);
    }
}
