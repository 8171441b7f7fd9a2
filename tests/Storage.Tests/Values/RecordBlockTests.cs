using System.Text;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Tests.Harness;
using MiniRedis.Storage.Tests.Packed;
using MiniRedis.Storage.Values;

namespace MiniRedis.Storage.Tests.Values;

public class RecordBlockTests
{
    /// <summary>Random edits of the packed value of a record: embedded, external and on the way between the two.</summary>
    [Theory]
    [MemberData(nameof(ListpackEdits.Seeds), MemberType = typeof(ListpackEdits))]
    public void Edits_of_a_record_agree_with_a_list(int seed)
    {
        using var keyspace = new Keyspace(1, new HashSeed(1, 2));
        var database = keyspace[0];
        var key = Encoding.ASCII.GetBytes(new string('k', seed % 3 == 0 ? 300 : 12));
        var expireAt = seed % 2 == 0 ? 1_000_000 + seed : -1;
        database.InstallPacked(database.Lookup(key), key, ObjectType.List, ObjectEncoding.ListPack, Listpack.Empty, expireAt);
        database.Lookup(key).Record.AsAccessed(77);

        var owner = new RecordBlock(database.Arena, database.Lookup(key));
        ListpackEdits.Run(ref owner, seed, 2000);

        var found = database.Lookup(key).Record;
        Assert.Equal(owner.At.Record, found);
        Assert.Equal(expireAt, found.ExpireAt);
        Assert.Equal(77u, found.AccessField);
        Assert.True(Listpack.IsValid(found.Packed));
        database.Delete(database.Lookup(key));
        Assert.Equal(0, keyspace.UsedBytes);
    }
}
