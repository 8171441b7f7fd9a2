using System.Text;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Tracking;

namespace MiniRedis.Server.Tests.Tracking;

public sealed class TrackedPrefixesTests : IDisposable
{
    readonly LoneParts _parts = new();
    readonly TrackedPrefixes _prefixes;

    public TrackedPrefixesTests() => _prefixes = new TrackedPrefixes(new KeyComparer(_parts.Keyspace[0]));

    public void Dispose() => _parts.Dispose();

    (Client Client, ClientTracking Tracking) Track(params string[] prefixes)
    {
        var (client, tracking) = (_parts.Connect(), new ClientTracking());
        foreach (var prefix in prefixes) _prefixes.Add(client, tracking, Encoding.Latin1.GetBytes(prefix));
        tracking.OrderPrefixes();
        return (client, tracking);
    }

    void Note(string key, Client? changer = null) => _prefixes.Note(Encoding.Latin1.GetBytes(key), changer);

    string[] Take()
    {
        var taken = _prefixes.TakeChanged().Select(p =>
            $"{Encoding.Latin1.GetString(p.Text)}: {string.Join(' ', p.Changed.Select(k => Encoding.Latin1.GetString(_prefixes.KeyOf(k))))}").ToArray();
        _prefixes.Told();
        return taken;
    }

    [Fact]
    public void A_key_is_noted_under_each_prefix_that_it_begins_with()
    {
        Track("", "a", "ab", "b");
        foreach (var key in new[] { "abc", "b", "a", "" }) Note(key);
        Assert.True(_prefixes.AnyChanged);
        Assert.Equal([":  a abc b", "a: a abc", "ab: abc", "b: b"], Take());
        Assert.False(_prefixes.AnyChanged);
        Assert.Empty(Take());
    }

    [Fact]
    public void A_key_is_told_once_and_belongs_to_its_last_changer()
    {
        var (first, _) = Track("k");
        Note("k1", first);
        Note("k0");
        Note("k1", null);
        Note("k0", first);
        var changed = _prefixes.TakeChanged().Single().Changed;
        Assert.Equal([first, null], changed.Select(k => k.Changer));
    }

    [Fact]
    public void Of_two_clients_of_a_prefix_the_last_takes_it_along_with_what_has_changed()
    {
        var (one, two) = (Track("k", "k"), Track("k"));
        Assert.Single(one.Tracking.Prefixes);
        Assert.Equal(1, _prefixes.Count);
        Note("k1");
        _prefixes.RemoveAll(one.Client, one.Tracking);
        Assert.Empty(one.Tracking.Prefixes);
        Assert.True(_prefixes.AnyChanged);
        _prefixes.RemoveAll(two.Client, two.Tracking);
        Assert.Equal(0, _prefixes.Count);
        Assert.False(_prefixes.AnyChanged);
        Note("k1");
        Assert.Empty(Take());
    }

    [Fact]
    public void Keys_of_a_batch_are_kept_beside_each_other_however_many_they_are()
    {
        Track("k");
        var keys = Enumerable.Range(0, 500).Select(i => $"k{i:D9}").ToArray();
        for (var round = 0; round < 2; round++)
        {
            foreach (var key in keys) Note(key);
            Assert.Equal(["k: " + string.Join(' ', keys)], Take());
        }
    }
}
