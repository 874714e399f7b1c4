using System.Diagnostics;
using System.Globalization;
using TorchSharp.Embedded;
using static TorchSharp.torch;

namespace ActorTrain.Platform.Torch.Tests;

/// <summary>What the test assembly does when it is run as a program: scenes that need a process of their own.</summary>
internal static class ChildProgram
{
    private static int Main(string[] arguments)
    {
        switch (arguments[0])
        {
            case "train":
                ModuleTests.Train();
                return 0;
            case "leave-in-matmul":
                return LeaveInMatmul();
            case "describe":
                Console.WriteLine(TorchRuntime.Describe());
                return 0;
            case "portable":
                TorchRuntime.Configure(new TorchRuntimeOptions { Portable = true, Threads = 1 });
                Console.WriteLine(TorchRuntime.Describe());
                Console.WriteLine(Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(Product())));
                return 0;
            case "configure-late":
                ones(1).Dispose();
                try
                {
                    TorchRuntime.Configure(new TorchRuntimeOptions());
                    return 1;
                }
                catch (InvalidOperationException)
                {
                    return 0;
                }

            case "calls":
                CallCost.Print();
                return 0;
            default:
                return 64;
        }
    }

    /// <summary>Runs a scene and waits; the environment entries are added to this process's own.</summary>
    internal static (int Code, string Output, string Errors) Run(string scene, params (string Name, string Value)[] environment) =>
        RunFrom(Path.GetDirectoryName(typeof(ChildProgram).Assembly.Location)!, scene, environment);

    /// <summary>The same with the program in another folder.</summary>
    internal static (int Code, string Output, string Errors) RunFrom(string folder, string scene, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add("exec");
        start.ArgumentList.Add(Path.Combine(folder, Path.GetFileName(typeof(ChildProgram).Assembly.Location)));
        start.ArgumentList.Add(scene);
        // The parent has set these for itself; the child is to choose anew.
        foreach (var chosen in new[] { "OPENBLAS_CORETYPE", "GOMP_SPINCOUNT", "THP_MEM_ALLOC_ENABLE" }) start.Environment.Remove(chosen);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var child = Process.Start(start)!;
        var errors = child.StandardError.ReadToEndAsync();
        var output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        return (child.ExitCode, output, errors.Result);
    }

    private static byte[] Product()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var a = randn([64, 64], generator: generator);
        return a.matmul(a).bytes.ToArray();
    }

    // Main returns while a background thread is deep in libtorch.
    private static int LeaveInMatmul()
    {
        using var inside = new ManualResetEventSlim();
        var thread = new Thread(() =>
        {
            var a = ones([700, 700]);
            while (true)
            {
                a.matmul(a).Dispose();
                inside.Set();
            }
        });
        thread.IsBackground = true;
        thread.Start();
        inside.Wait();
        Console.WriteLine("leaving".ToString(CultureInfo.InvariantCulture));
        return 7;
    }
}
