using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Transport.Linux;

/// <summary>A context of OpenSSL: SSL_CTX. The library counts the sessions that use it.</summary>
[SuppressMessage("Design", "CA1001", Justification = "Its handle is freed when nobody has it: a session may just be made of it.")]
sealed unsafe class OpenSslContext : TlsContext
{
    readonly OpenSslContextHandle _handle;
    readonly TlsClientCheck _check;

    // Used while the constructor runs, when nobody else has the handle.
    readonly nint _context;

    /// <exception cref="TlsException">The library is missing, or the options cannot be used.</exception>
    public OpenSslContext(TlsOptions options)
    {
        OpenSsl.Require();
        OpenSsl.ClearErrors();
        _context = OpenSsl.NewContext(OpenSsl.Method());
        if (_context == 0) throw new TlsException($"Failed to make a TLS context: {OpenSsl.TakeError()}");
        _handle = new OpenSslContextHandle(_context);
        _check = options.ClientCheck;
        try
        {
            SetRules(options);
            Load(options);
            SetCiphers(options);
            SetSessionCache(options);
        }
        catch
        {
            _handle.Dispose();
            throw;
        }
    }

    void SetRules(TlsOptions options)
    {
        // Without renegotiation a peer cannot make us sign again and again, and a write never has to wait for a read.
        var rules = OpenSsl.OptionNoCompression | OpenSsl.OptionNoRenegotiation;
        if (!options.Versions.HasFlag(TlsVersions.Tls10)) rules |= OpenSsl.OptionNoTls10;
        if (!options.Versions.HasFlag(TlsVersions.Tls11)) rules |= OpenSsl.OptionNoTls11;
        if (!options.Versions.HasFlag(TlsVersions.Tls12)) rules |= OpenSsl.OptionNoTls12;
        if (!options.Versions.HasFlag(TlsVersions.Tls13)) rules |= OpenSsl.OptionNoTls13;
        if (options.PreferServerCiphers) rules |= OpenSsl.OptionServerPreference;
        OpenSsl.SetOptions(_context, rules);
        // Without its record buffers, which it takes from malloc again for each call, an idle session has 19 KB instead of 31.
        const int Mode = OpenSsl.ModePartialWrite | OpenSsl.ModeMovingWriteBuffer | OpenSsl.ModeReleaseBuffers;
        OpenSsl.ControlContext(_context, OpenSsl.ControlMode, Mode, 0);
        OpenSsl.ControlContext(_context, OpenSsl.ControlDhAuto, 1, 0);
        OpenSsl.SetContextVerify(_context, OpenSsl.VerifyPeer | OpenSsl.VerifyFailIfNoPeerCertificate, 0);
    }

    void Load(TlsOptions options)
    {
        fixed (byte* certificates = Terminated(options.CertificateFile), key = Terminated(options.KeyFile))
        fixed (byte* authorities = Terminated(options.CaFile), directory = Terminated(options.CaDirectory))
        fixed (byte* password = Terminated(options.KeyPassword))
        {
            // Without a callback of ours the library would ask the terminal.
            OpenSsl.SetPasswordCallback(_context, &GivePassword);
            OpenSsl.SetPasswordData(_context, password);
            if (OpenSsl.UseCertificates(_context, certificates) != 1)
                throw new TlsException($"Failed to load certificate: {options.CertificateFile}: {OpenSsl.TakeError()}");
            if (OpenSsl.UseKey(_context, key, OpenSsl.FilePem) != 1)
                throw new TlsException($"Failed to load private key: {options.KeyFile}: {OpenSsl.TakeError()}");
            OpenSsl.SetPasswordData(_context, null);
            if ((authorities != null || directory != null) && OpenSsl.LoadAuthorities(_context, authorities, directory) != 1)
                throw new TlsException($"Failed to configure CA certificate(s) file/directory: {OpenSsl.TakeError()}");
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int GivePassword(byte* to, int room, int forWriting, void* password)
    {
        if (password == null) return -1;
        var bytes = MemoryMarshal.CreateReadOnlySpanFromNullTerminated((byte*)password);
        if (bytes.Length > room) return -1;
        bytes.CopyTo(new Span<byte>(to, room));
        return bytes.Length;
    }

    void SetCiphers(TlsOptions options)
    {
        fixed (byte* ciphers = Terminated(options.Ciphers), suites = Terminated(options.CipherSuites))
        {
            if (ciphers != null && OpenSsl.SetCiphers(_context, ciphers) != 1)
                throw new TlsException($"Failed to configure ciphers: {options.Ciphers}");
            if (suites != null && OpenSsl.SetCipherSuites(_context, suites) != 1)
                throw new TlsException($"Failed to configure ciphersuites: {options.CipherSuites}");
        }
    }

    void SetSessionCache(TlsOptions options)
    {
        if (!options.CachesSessions)
        {
            OpenSsl.ControlContext(_context, OpenSsl.ControlCacheMode, OpenSsl.CacheOff, 0);
            // The cache is one of two ways to resume: the other one is a ticket that the client keeps.
            OpenSsl.SetOptions(_context, OpenSsl.OptionNoTicket);
            _ = OpenSsl.SetTickets(_context, 0);
            return;
        }
        OpenSsl.ControlContext(_context, OpenSsl.ControlCacheMode, OpenSsl.CacheServer, 0);
        OpenSsl.ControlContext(_context, OpenSsl.ControlCacheSize, options.SessionCacheSize, 0);
        OpenSsl.SetSessionSeconds(_context, options.SessionSeconds);
        fixed (byte* name = "redis"u8) _ = OpenSsl.SetSessionIdContext(_context, name, 5);
    }

    static byte[]? Terminated(string? text) => text is null ? null : Terminated(Encoding.UTF8.GetBytes(text));

    static byte[]? Terminated(byte[]? bytes) => bytes is null ? null : [.. bytes, 0];

    public override TlsSession CreateServer()
    {
        var session = OpenSsl.New(_handle);
        var opened = new OpenSslSession(session);
        OpenSsl.SetVerify(session, _check switch
        {
            TlsClientCheck.None => OpenSsl.VerifyNone,
            TlsClientCheck.IfPresented => OpenSsl.VerifyPeer,
            _ => OpenSsl.VerifyPeer | OpenSsl.VerifyFailIfNoPeerCertificate,
        }, 0);
        OpenSsl.SetAccepting(session);
        return opened;
    }

    public override TlsSession CreateClient(string? host)
    {
        var session = OpenSsl.New(_handle);
        var opened = new OpenSslSession(session);
        OpenSsl.SetConnecting(session);
        if (host is { Length: > 0 } && !System.Net.IPAddress.TryParse(host, out _))
        {
            fixed (byte* name = Terminated(host)) OpenSsl.Control(session, OpenSsl.ControlHostName, 0, name);
        }
        return opened;
    }
}

/// <summary>Frees the context when nobody has it any more: one that was replaced may still be making a session on another thread.</summary>
sealed class OpenSslContextHandle : SafeHandle
{
    public OpenSslContextHandle(nint context)
        : base(0, ownsHandle: true) => SetHandle(context);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        OpenSsl.FreeContext(handle);
        return true;
    }
}
