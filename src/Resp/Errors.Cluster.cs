using System.Text;

namespace MiniRedis.Resp;

/// <summary>Errors of CLUSTER that concern the request; why a node refuses what is asked is in Errors.ClusterNodes.cs.</summary>
public static partial class Errors
{
    public static ReadOnlySpan<byte> SlotOutOfRange => "ERR Invalid or out of range slot"u8;
    public static ReadOnlySpan<byte> NotAMaster => "ERR The specified node is not a master"u8;
    public static ReadOnlySpan<byte> SetSlotForm => "ERR Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP"u8;
    public static ReadOnlySpan<byte> SetSlotNoTimeout => "ERR Missing timeout value"u8;
    public static ReadOnlySpan<byte> SetSlotNotReplicated => "NOREPLICAS Not enough good replicas to write."u8;
    public static ReadOnlySpan<byte> ClusterOnly => "ERR Debug option only available for cluster mode enabled setup!"u8;

    public static byte[] InvalidBasePort(string port) => Encoding.Latin1.GetBytes($"ERR Invalid base port specified: {port}");

    public static byte[] InvalidBusPort(string port) => Encoding.Latin1.GetBytes($"ERR Invalid bus port specified: {port}");

    public static string SlotsBackward(int first, int last) => $"ERR start slot number {first} is greater than end slot number {last}";

    public static byte[] UnknownDirection(string direction) => Encoding.Latin1.GetBytes($"ERR Unknown direction {direction}");
}
