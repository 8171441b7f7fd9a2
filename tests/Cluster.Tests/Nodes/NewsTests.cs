using MiniRedis.Cluster.Nodes;

namespace MiniRedis.Cluster.Tests.Nodes;

/// <summary>News that must not be missed: what is known to have arrived when a link is opened again.</summary>
public sealed class NewsTests
{
    readonly LocalCluster _cluster = LocalCluster.Create(3, 0);

    LocalNode One => _cluster[0];

    LocalNode Other => _cluster[1];

    /// <summary>The position up to which news have arrived at the other, as the link that is opened next says.</summary>
    long ArrivedAfterCut()
    {
        One.Forget();
        _cluster.Cut(One, Other);
        _cluster.PassUntil(() => One.Outputs.OfType<ClusterOutput.LinkUp>().Any());
        var up = Assert.Single(One.Outputs.OfType<ClusterOutput.LinkUp>());
        Assert.Equal(Other.Id, up.Node.Id);
        return up.ArrivedUpTo;
    }

    [Fact]
    public void What_was_told_before_an_answered_ping_has_arrived()
    {
        One.NewsPosition = 5;
        _cluster.Pass(3000);
        Assert.Equal(5, ArrivedAfterCut());
    }

    [Fact]
    public void Of_what_was_told_since_the_last_ping_that_is_not_known()
    {
        One.NewsPosition = 5;
        _cluster.Pass(3000);
        One.NewsPosition = 9;
        Assert.Equal(5, ArrivedAfterCut());
        // What is sent again now stands behind the first ping of the new link: its answer says nothing of it.
        Assert.Equal(5, ArrivedAfterCut());
        _cluster.Pass(3000);
        Assert.Equal(9, ArrivedAfterCut());
    }

    [Fact]
    public void A_node_that_was_away_has_missed_what_was_told_meanwhile()
    {
        One.NewsPosition = 5;
        _cluster.Pass(3000);
        _cluster.Kill(Other);
        One.NewsPosition = 20;
        _cluster.Pass(3000);
        One.Forget();
        _cluster.Restart(Other);
        _cluster.PassUntil(() => One.Outputs.OfType<ClusterOutput.LinkUp>().Any());
        Assert.Equal(5, One.Outputs.OfType<ClusterOutput.LinkUp>().Last().ArrivedUpTo);
    }

    [Fact]
    public void Who_joins_has_nothing_to_hear_of_what_was_before()
    {
        var cluster = new LocalCluster(2);
        cluster[0].NewsPosition = 7;
        cluster.Start();
        cluster.MeetAll();
        cluster.Pass(3000);
        Assert.All(cluster[0].Outputs.OfType<ClusterOutput.LinkUp>(), up => Assert.Equal(7, up.ArrivedUpTo));
        cluster[0].Forget();
        cluster.Cut(cluster[0], cluster[1]);
        cluster.PassUntil(() => cluster[0].Outputs.OfType<ClusterOutput.LinkUp>().Any());
        Assert.Equal(7, cluster[0].Outputs.OfType<ClusterOutput.LinkUp>().Single().ArrivedUpTo);
    }

    [Fact]
    public void What_is_told_to_one_node_reaches_that_one_alone()
    {
        One.Machine.PublishTo(One.View(Other), "news"u8, "again"u8, _cluster.Now);
        _cluster.Settle();
        var message = Assert.Single(Other.Outputs.OfType<ClusterOutput.Publish>());
        Assert.Equal("again"u8, message.Message.Span);
        Assert.Equal(One.Machine.Myself.Key, message.Sender);
        Assert.Empty(_cluster[2].Outputs.OfType<ClusterOutput.Publish>());
    }
}
