using System.Runtime.InteropServices;
using ActorTrain.Data.Sources;
using Microsoft.Win32.SafeHandles;

namespace ActorTrain.Data.Tests.Sources;

/// <summary>A cancellation ends a read that gets no answer. A pipe stands for the disk or network that gives none.</summary>
public sealed partial class InterruptionTests : IDisposable
{
    private const nuint UnreadBytes = 0x541B;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_read_that_is_not_answered_is_cancelled()
    {
        folder.Shell("mkfifo pipe.txt");
        using var pipe = new FileStream(folder.Of("pipe.txt"), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        using var stop = new CancellationTokenSource();
        var reading = Reading(stop.Token);
        pipe.Write("some text"u8);
        SpinWait.SpinUntil(() => reading.IsCompleted || IsEmpty(pipe), BoundedWaits.Longest).ShouldBeTrue();
        stop.Cancel();
        ShouldBeCancelled(reading);
    }

    [Fact]
    public void An_opening_that_is_not_answered_is_cancelled()
    {
        folder.Shell("mkfifo pipe.txt");
        using var stop = new CancellationTokenSource();
        var reading = Reading(stop.Token);
        stop.Cancel();
        ShouldBeCancelled(reading);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(131_072)]
    [InlineData(1_000_000)]
    public void A_file_is_read_from_any_place_and_to_its_end(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        folder.Write("file.txt", bytes);
        using var stop = new CancellationTokenSource();
        using var file = new InterruptibleFile(folder.Of("file.txt"), stop.Token);
        file.Length.ShouldBe(length);
        foreach (var from in new[] { 0, length / 2, length - 1, 0, length })
        {
            file.Position = from;
            var read = new byte[length - from];
            file.ReadExactly(read);
            read.ShouldBe(bytes[from..]);
            file.Read(new byte[9]).ShouldBe(0);
            file.Position.ShouldBe(length);
        }
    }

    private Task Reading(CancellationToken cancellation) => Task.Run(
        () => new TextBuffer(new SourceFile(folder.Of("pipe.txt"), 0), null, cancellation).Dispose(), CancellationToken.None);

    private static void ShouldBeCancelled(Task reading)
    {
        Task.WaitAny([reading], BoundedWaits.Longest).ShouldBe(0);
        reading.Exception.ShouldNotBeNull().InnerException.ShouldBeAssignableTo<OperationCanceledException>();
    }

    private static bool IsEmpty(FileStream pipe) => Ioctl(pipe.SafeFileHandle, UnreadBytes, out var unread) == 0 && unread == 0;

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int Ioctl(SafeFileHandle file, nuint request, out int value);
}
