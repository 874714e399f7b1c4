using ActorTrain.Models;

namespace ActorTrain.Bench;

/// <summary>Growth of resident memory over 1,000 training steps, on the fused kernels and in the reference form.</summary>
internal static class MemoryBench
{
    public static void Run(Figures figures)
    {
        Console.WriteLine("\nmemory: resident memory over 1,000 steps after 100 to warm up");
        var model = ModelOptions.FromDepth(2) with { ContextLength = 64, VocabularySize = 256 };
        var growth = new[] { (Fused: true, Precision.BFloat16), (Fused: false, Precision.Float32) }.Select(form =>
        {
            using var trainee = new Trainee(model, form.Item2, batch: 4, lanes: 2, form.Fused);
            trainee.Run(100);
            var before = Resident();
            trainee.Run(1000);
            var after = Resident();
            Console.WriteLine($"  {(form.Fused ? "fused bf16" : "composed fp32"),-14} {before:F1} MB → {after:F1} MB");
            return 100 * (after - before) / before;
        }).ToArray();
        figures.Add("memory.growth_percent", growth.Max());
    }

    private static double Resident()
    {
        GC.Collect();
        return ResidentMemory.Megabytes("VmRSS");
    }
}
