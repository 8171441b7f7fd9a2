using System.Globalization;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Administration.Info;

static partial class InfoSections
{
    /// <summary>Size of the sample for a database's average time to live: enough for the digits that people read.</summary>
    const int TtlSamples = 256;

    static void Keyspace(InfoText text, ServerParts server) => Keyspace(text, server, looksAtKeys: true);

    static void Keyspace(InfoText text, ServerParts server, bool looksAtKeys)
    {
        text.Section("Keyspace");
        foreach (var database in server.Keyspace.Databases)
        {
            if (database.Count == 0) continue;
            var ttl = looksAtKeys ? AverageTtl(server, database) : 0;
            text.Line(string.Create(CultureInfo.InvariantCulture,
                $"db{database.Number}:keys={database.Count},expires={database.ExpiringCount},avg_ttl={ttl},subexpiry={database.FieldExpiringCount}"));
        }
    }

    /// <summary>The average of a sample of keys in milliseconds; 0 if none of them expires.</summary>
    static long AverageTtl(ServerParts server, Database database)
    {
        if (database.ExpiringCount == 0) return 0;
        Span<Record> sample = new Record[TtlSamples];
        var taken = database.Sample(sample, server.Random);
        long sum = 0, expiring = 0;
        foreach (var record in sample[..taken])
        {
            if (!record.HasExpiry) continue;
            // Each is divided before it is added: the sum of many far deadlines would overflow.
            sum += Math.Max(0, record.ExpireAt - server.Clock.Now) / TtlSamples;
            expiring++;
        }
        return expiring == 0 ? 0 : (long)((double)sum * TtlSamples / expiring);
    }
}
