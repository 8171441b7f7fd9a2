using System.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Acl;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Monitoring;

/// <summary>A client as CLIENT INFO shows it, without a line end.</summary>
/// <param name="request">The request that it runs.</param>
delegate byte[] ClientText(Client client, in Request request);

/// <summary>Counts and logs what users are refused. Under the executor's lock.</summary>
sealed class Denials(AclLog acl, ServerStatistics statistics)
{
    /// <summary>How a client is shown. Set by the root.</summary>
    public ClientText Describe { get; set; } = static (Client _, in Request _) => [];

    /// <summary>A user was refused a command.</summary>
    /// <param name="command">The command, or the subcommand, that the request calls.</param>
    public void Note(Client client, CommandSpec command, in Request request, in Denial denial, AclContext context)
    {
        switch (denial.Reason)
        {
            case DenialReason.Command: statistics.AclDeniedCommands++; break;
            case DenialReason.Key: statistics.AclDeniedKeys++; break;
            case DenialReason.Channel: statistics.AclDeniedChannels++; break;
            default: statistics.AclDeniedDatabases++; break;
        }
        client.User.Figures.Denials++;
        acl.Add(denial.Reason, context, denial.ObjectOf(command, request), client.User.Name, Describe(client, request));
    }

    /// <summary>A log-in failed.</summary>
    /// <param name="user">The name that was given.</param>
    public void NoteLogIn(Client client, ReadOnlySpan<byte> user, in Request request)
    {
        statistics.AclDeniedAuth++;
        var context = client.Has(ClientFlags.Multi) ? AclContext.Multi : AclContext.TopLevel;
        acl.Add(DenialReason.Auth, context, request[0], user, Describe(client, request));
    }

    /// <summary>A certificate names nobody who may log in.</summary>
    /// <param name="name">The first name in it; may be empty.</param>
    public void NoteCertificate(Client client, string name)
    {
        statistics.AclDeniedCertificates++;
        acl.Add(DenialReason.Certificate, AclContext.TopLevel, [], Encoding.UTF8.GetBytes(name), Describe(client, default));
    }
}
