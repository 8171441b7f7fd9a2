using MiniRedis.Compare;
using MiniRedis.Profile;

// Writes src/Server/miniredis.mibc, the profile that the native executable is compiled with: see CONTRIBUTING.md, "Profile".
if (args is not [])
{
    Console.Error.WriteLine("The profile takes no arguments. It starts a server, puts it under load and writes src/Server/miniredis.mibc.");
    return 1;
}
var counted = Collection.Run();
var (added, left) = Conversion.Write(counted, Path.Combine(Publish.Repository(), "src", "Server", "miniredis.mibc"));
Console.WriteLine($"{added} methods written; {left} with counts left out: of .NET's or generic code of which the instantiation is not known");
return 0;
