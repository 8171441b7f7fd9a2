using System.Text;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Strings;

namespace MiniRedis.Storage.Tests.Harness;

static class TestExtensions
{
    public static void AsAccessed(this Record record, uint field) => record.AccessField = field;

    public static KeyLookup Lookup(this Database database, string key) => database.Lookup(Encoding.UTF8.GetBytes(key));

    public static Record Set(this Database database, string key, string value, long expireAt = -1)
    {
        var bytes = Encoding.UTF8.GetBytes(key);
        return database.SetString(database.Lookup(bytes), bytes, Encoding.UTF8.GetBytes(value), expireAt);
    }

    public static string? Get(this Database database, string key)
    {
        var at = database.Lookup(key);
        return at.Found ? Encoding.UTF8.GetString(at.Record.GetString(stackalloc byte[32])) : null;
    }

    public static string Name(this Record record) => Encoding.UTF8.GetString(record.Key);
}
