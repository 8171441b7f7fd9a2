using MiniRedis.Server.Execution;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Commands.Administration.Info;

static partial class InfoSections
{
    /// <summary>When certificates expire: the section of Valkey 9.1. INFO without arguments leaves it out, as Redis does not have it.</summary>
    static void Tls(InfoText text, ServerParts server)
    {
        text.Section("TLS");
        var certificates = server.Tls.Certificates;
        var now = server.Clock.Now / 1000;
        Write("server", certificates.Server);
        Write("client", certificates.Client);
        Write("ca", certificates.Authority);

        void Write(string whose, CertificateTerm? term)
        {
            text.Field($"tls_{whose}_cert_serial", term?.Serial ?? "none");
            text.Field($"tls_{whose}_cert_expires_in_seconds", term is { } known ? Math.Max(0, known.NotAfter - now) : 0);
        }
    }
}
