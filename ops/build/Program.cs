using System.Runtime.InteropServices;
using ActorTrain.Build;

// loadable SOURCE TARGET: makes TARGET a form of the library SOURCE that this system can load.
if (args is not ["loadable", var source, var target])
{
    Console.Error.WriteLine("usage: loadable SOURCE TARGET");
    return 2;
}

try
{
    // The loader tells where it is.
    NativeLibrary.Load("libstdc++.so.6");
    var runtime = File.ReadLines("/proc/self/maps").Select(static line => line.Split(' ')[^1])
        .First(static path => path.Contains("/libstdc++.so.6", StringComparison.Ordinal));
    LoadableLibrary.Make(source, target, runtime);
    return 0;
}
catch (Exception exception) when (exception is InvalidDataException or IOException or DllNotFoundException or UnauthorizedAccessException)
{
    // In the form that MSBuild reports as an error.
    Console.Error.WriteLine($"{source} : error AT0001: {exception.Message}");
    return 1;
}
