using MiniRedis.Server.Clients;

namespace MiniRedis.Server.Tests.Clients;

public sealed class ClientPauseTests : IDisposable
{
    readonly LoneParts _parts = new();
    readonly Client _client;

    public ClientPauseTests() => _client = _parts.Connect();

    public void Dispose() => _parts.Dispose();

    bool Holds(params string[] words) => _parts.Pause.Holds(_client, LoneParts.Command(words[0]), LoneParts.Request(words));

    [Fact]
    public void A_pause_lasts_until_its_end_and_not_a_millisecond_longer()
    {
        _parts.Pause.Start(_parts.Time.Now + 100, writesOnly: false);
        _parts.Advance(TimeSpan.FromMilliseconds(99));
        Assert.True(_parts.Pause.IsActive);
        _parts.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(_parts.Pause.IsActive);
    }

    [Theory]
    [InlineData(false, "GET", "k")]
    [InlineData(true, "SET", "k", "v")]
    [InlineData(true, "PUBLISH", "c", "m")]
    [InlineData(false, "SET", "k")]
    [InlineData(false, "CLIENT", "UNPAUSE")]
    public void A_pause_of_writes_holds_what_could_change_the_data_or_replicate(bool held, params string[] request)
    {
        _parts.Pause.Start(_parts.Time.Now + 100, writesOnly: true);
        Assert.Equal(held, Holds(request));
    }

    [Theory]
    [InlineData(true, "GET", "k")]
    [InlineData(true, "CLIENT", "ID")]
    [InlineData(false, "GET")]
    [InlineData(false, "CLIENT", "UNPAUSE")]
    public void A_pause_of_all_holds_whatever_could_run_but_its_own_end(bool held, params string[] request)
    {
        _parts.Pause.Start(_parts.Time.Now + 100, writesOnly: false);
        Assert.Equal(held, Holds(request));
    }

    [Fact]
    public void Replicas_and_clients_that_may_not_run_a_command_are_not_held()
    {
        _parts.Pause.Start(_parts.Time.Now + 100, writesOnly: false);
        Assert.False(_parts.Pause.Holds(_client, null, LoneParts.Request("nothing")));
        _client.Flags = ClientFlags.Replica;
        Assert.False(Holds("GET", "k"));
        _client.Flags = ClientFlags.None;
        _parts.Users.RequirePassword("secret");
        _client.LogOut(_parts.Users.Default);
        Assert.False(Holds("GET", "k"));
        Assert.True(Holds("AUTH", "password"));
    }

    [Theory]
    [InlineData(true, false, 300)]
    [InlineData(true, true, 300)]
    [InlineData(false, true, 300)]
    [InlineData(false, false, 50)]
    public void Of_two_pauses_the_later_end_and_the_stricter_kind_hold(bool firstIsOfWrites, bool secondIsOfWrites, int second)
    {
        _parts.Pause.Start(_parts.Time.Now + 100, firstIsOfWrites);
        _parts.Pause.Start(_parts.Time.Now + second, secondIsOfWrites);
        Assert.Equal(!(firstIsOfWrites && secondIsOfWrites), Holds("GET", "k"));
        _parts.Advance(TimeSpan.FromMilliseconds(99));
        Assert.True(_parts.Pause.IsActive);
        _parts.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(second > 100, _parts.Pause.IsActive);
    }

    [Fact]
    public void A_pause_that_is_over_does_not_make_the_next_one_stricter()
    {
        _parts.Pause.Start(_parts.Time.Now + 100, writesOnly: false);
        _parts.Advance(TimeSpan.FromMilliseconds(100));
        _parts.Pause.Start(_parts.Time.Now + 100, writesOnly: true);
        Assert.False(Holds("GET", "k"));
    }

    [Fact]
    public void Held_clients_go_on_once_when_it_is_over()
    {
        var ended = 0;
        _parts.Pause.Ended += () => ended++;
        _parts.Pause.Start(_parts.Time.Now + 100, writesOnly: false);
        _client.Flags |= ClientFlags.Paused;
        _parts.Pause.ResumeIfOver();
        Assert.True(_client.Has(ClientFlags.Paused));
        _parts.Advance(TimeSpan.FromMilliseconds(100));
        _parts.Pause.ResumeIfOver();
        _parts.Pause.ResumeIfOver();
        Assert.False(_client.Has(ClientFlags.Paused));
        Assert.True(_client.Connection.WantsResume);
        Assert.Equal(1, ended);
    }
}
