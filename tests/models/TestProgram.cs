using System.Diagnostics;
using ActorTrain.Models.Tests.Steps;

namespace ActorTrain.Models.Tests;

/// <summary>This assembly as a program: tests start it again as processes of their own.</summary>
public static class TestProgram
{
    /// <summary>Arguments: which program, and its own.</summary>
    public static int Main(string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        return arguments[0] == "bits" ? BitsProcess.Main(arguments[1..]) : LaneProcess.Main(arguments[1..]);
    }

    /// <summary>How to start it.</summary>
    internal static ProcessStartInfo Command(params string[] arguments)
    {
        var dotnet = Environment.ProcessPath is { } path && Path.GetFileName(path) == "dotnet" ? path : "dotnet";
        return new ProcessStartInfo(dotnet,
            ["exec", typeof(TestProgram).Assembly.Location, .. arguments])
        { RedirectStandardOutput = true };
    }
}
