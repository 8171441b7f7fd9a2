using System.Runtime.InteropServices;
using System.Text;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Transport.Linux;

/// <summary>
/// The calls of OpenSSL 3 (man 3 of each). Those that only look at memory suppress the transition of the collector: it would cost more than
/// they do.
/// </summary>
static unsafe partial class OpenSsl
{
    const string Ssl = "libssl.so.3", Crypto = "libcrypto.so.3";

    public const int ErrorSsl = 1, ErrorWantRead = 2, ErrorWantWrite = 3, ErrorSyscall = 5, ErrorZeroReturn = 6;
    public const int VerifyNone = 0, VerifyPeer = 1, VerifyFailIfNoPeerCertificate = 2;
    public const int FilePem = 1;
    public const int ControlMode = 33, ControlCacheSize = 42, ControlCacheMode = 44, ControlHostName = 55, ControlDhAuto = 118,
        ControlMinVersion = 123, ControlMaxVersion = 124;
    public const int ModePartialWrite = 1, ModeMovingWriteBuffer = 2, ModeReleaseBuffers = 16;
    public const int CacheOff = 0, CacheServer = 2;
    public const ulong OptionNoTls10 = 1ul << 26, OptionNoTls11 = 1ul << 28, OptionNoTls12 = 1ul << 27, OptionNoTls13 = 1ul << 29,
        OptionNoCompression = 1ul << 17, OptionNoRenegotiation = 1ul << 30, OptionServerPreference = 1ul << 22,
        OptionNoTicket = 1ul << 14;
    public const int BioFlagsRead = 1, BioFlagsWrite = 2, BioFlagsRetry = 8;
    public const int BioTypeSourceSink = 0x400, BioControlFlush = 11;

    static readonly Lazy<string?> s_missing = new(() =>
        NativeLibrary.TryLoad(Ssl, out _) && NativeLibrary.TryLoad(Crypto, out _)
            ? null
            : $"TLS needs OpenSSL 3, and {Ssl} is not there. Install it: the package is libssl3 on Debian and Ubuntu, openssl-libs on Fedora, "
            + "openssl on Alpine and Arch.");

    /// <summary>Finds the library.</summary>
    /// <exception cref="TlsException">It is not installed.</exception>
    public static void Require()
    {
        if (s_missing.Value is { } reason) throw new TlsException(reason);
    }

    /// <summary>The oldest error that this thread's calls have left, in OpenSSL's words. Forgets the others.</summary>
    public static string TakeError()
    {
        var code = GetError();
        ClearErrors();
        if (code == 0) return "no reason given";
        var text = stackalloc byte[256];
        ErrorText(code, text, 256);
        return Encoding.Latin1.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text));
    }

    public static string Text(byte* constant) => Encoding.Latin1.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(constant));

    // Contexts.

    [LibraryImport(Ssl, EntryPoint = "TLS_method")]
    public static partial nint Method();

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_new")]
    public static partial nint NewContext(nint method);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_free")]
    public static partial void FreeContext(nint context);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_options")]
    public static partial ulong SetOptions(nint context, ulong options);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_ctrl")]
    public static partial nint ControlContext(nint context, int command, nint number, nint pointer);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_timeout")]
    public static partial nint SetSessionSeconds(nint context, nint seconds);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_session_id_context")]
    public static partial int SetSessionIdContext(nint context, byte* name, uint length);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_num_tickets")]
    public static partial int SetTickets(nint context, nuint count);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_verify")]
    public static partial void SetContextVerify(nint context, int mode, nint callback);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_default_passwd_cb")]
    public static partial void SetPasswordCallback(nint context, delegate* unmanaged[Cdecl]<byte*, int, int, void*, int> callback);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_default_passwd_cb_userdata")]
    public static partial void SetPasswordData(nint context, void* data);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_use_certificate_chain_file")]
    public static partial int UseCertificates(nint context, byte* file);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_use_PrivateKey_file")]
    public static partial int UseKey(nint context, byte* file, int format);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_load_verify_locations")]
    public static partial int LoadAuthorities(nint context, byte* file, byte* directory);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_cipher_list")]
    public static partial int SetCiphers(nint context, byte* list);

    [LibraryImport(Ssl, EntryPoint = "SSL_CTX_set_ciphersuites")]
    public static partial int SetCipherSuites(nint context, byte* list);

    // Sessions.

    [LibraryImport(Ssl, EntryPoint = "SSL_new")]
    public static partial nint New(OpenSslContextHandle context);

    [LibraryImport(Ssl, EntryPoint = "SSL_free")]
    public static partial void Free(nint session);

    [LibraryImport(Ssl, EntryPoint = "SSL_set_bio")]
    public static partial void SetBio(nint session, nint reading, nint writing);

    [LibraryImport(Ssl, EntryPoint = "SSL_set_accept_state")]
    public static partial void SetAccepting(nint session);

    [LibraryImport(Ssl, EntryPoint = "SSL_set_connect_state")]
    public static partial void SetConnecting(nint session);

    [LibraryImport(Ssl, EntryPoint = "SSL_set_verify")]
    public static partial void SetVerify(nint session, int mode, nint callback);

    [LibraryImport(Ssl, EntryPoint = "SSL_ctrl")]
    public static partial nint Control(nint session, int command, nint number, byte* pointer);

    [LibraryImport(Ssl, EntryPoint = "SSL_do_handshake")]
    public static partial int Handshake(nint session);

    [LibraryImport(Ssl, EntryPoint = "SSL_read")]
    public static partial int Read(nint session, byte* to, int length);

    [LibraryImport(Ssl, EntryPoint = "SSL_pending"), SuppressGCTransition]
    public static partial int Pending(nint session);

    [LibraryImport(Ssl, EntryPoint = "SSL_write")]
    public static partial int Write(nint session, byte* from, int length);

    [LibraryImport(Ssl, EntryPoint = "SSL_shutdown")]
    public static partial int Shutdown(nint session);

    [LibraryImport(Ssl, EntryPoint = "SSL_get_error"), SuppressGCTransition]
    public static partial int ErrorOf(nint session, int result);

    [LibraryImport(Ssl, EntryPoint = "SSL_get1_peer_certificate")]
    public static partial nint PeerCertificate(nint session);

    [LibraryImport(Ssl, EntryPoint = "SSL_get_verify_result")]
    public static partial nint VerifyResult(nint session);

    [LibraryImport(Ssl, EntryPoint = "SSL_session_reused")]
    public static partial int IsReused(nint session);

    [LibraryImport(Ssl, EntryPoint = "SSL_get_version")]
    public static partial byte* Version(nint session);

    [LibraryImport(Ssl, EntryPoint = "SSL_get_current_cipher")]
    public static partial nint CurrentCipher(nint session);

    [LibraryImport(Ssl, EntryPoint = "SSL_CIPHER_get_name")]
    public static partial byte* CipherName(nint cipher);

    // Certificates and errors.

    [LibraryImport(Crypto, EntryPoint = "X509_free")]
    public static partial void FreeCertificate(nint certificate);

    [LibraryImport(Crypto, EntryPoint = "i2d_X509")]
    public static partial int EncodeCertificate(nint certificate, byte** to);

    [LibraryImport(Crypto, EntryPoint = "X509_verify_cert_error_string")]
    public static partial byte* VerifyText(nint result);

    [LibraryImport(Crypto, EntryPoint = "ERR_get_error")]
    private static partial nuint GetError();

    [LibraryImport(Crypto, EntryPoint = "ERR_clear_error"), SuppressGCTransition]
    public static partial void ClearErrors();

    [LibraryImport(Crypto, EntryPoint = "ERR_error_string_n")]
    private static partial void ErrorText(nuint code, byte* text, nuint length);

    // The bytes of a session.

    [LibraryImport(Crypto, EntryPoint = "BIO_get_new_index")]
    public static partial int NewBioIndex();

    [LibraryImport(Crypto, EntryPoint = "BIO_meth_new", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint NewBioMethod(int type, string name);

    [LibraryImport(Crypto, EntryPoint = "BIO_meth_set_read")]
    public static partial int SetBioRead(nint method, delegate* unmanaged[Cdecl]<nint, byte*, int, int> read);

    [LibraryImport(Crypto, EntryPoint = "BIO_meth_set_write")]
    public static partial int SetBioWrite(nint method, delegate* unmanaged[Cdecl]<nint, byte*, int, int> write);

    [LibraryImport(Crypto, EntryPoint = "BIO_meth_set_ctrl")]
    public static partial int SetBioControl(nint method, delegate* unmanaged[Cdecl]<nint, int, nint, void*, nint> control);

    [LibraryImport(Crypto, EntryPoint = "BIO_new")]
    public static partial nint NewBio(nint method);

    [LibraryImport(Crypto, EntryPoint = "BIO_set_init")]
    public static partial void SetBioInitialized(nint bio, int isInitialized);

    [LibraryImport(Crypto, EntryPoint = "BIO_set_flags"), SuppressGCTransition]
    public static partial void SetBioFlags(nint bio, int flags);

    [LibraryImport(Crypto, EntryPoint = "BIO_clear_flags"), SuppressGCTransition]
    public static partial void ClearBioFlags(nint bio, int flags);
}
