package dev.eventbroker.sse;

import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import io.netty.util.ResourceLeakTracker;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.LauncherSessionListener;

/**
 * Fails a test run in which a Netty buffer was collected without having been released. Netty itself
 * only logs that, and only when another buffer happens to be allocated later.
 *
 * <p>The session is opened before any test class is loaded, so that every detector comes from here.
 */
public final class LeaksFailTheBuild implements LauncherSessionListener {

  /** More than one, because references are queued in no order: the sentinel may come first. */
  private static final int COLLECTIONS = 3;

  private static final long COLLECTION_TIMEOUT_MILLIS = 10_000;

  private final Queue<String> leaks = new ConcurrentLinkedQueue<>();
  private final Queue<ResourceLeakDetector<?>> detectors = new ConcurrentLinkedQueue<>();

  @Override
  public void launcherSessionOpened(LauncherSession session) {
    ResourceLeakDetectorFactory.setResourceLeakDetectorFactory(new RecordingFactory());
  }

  @Override
  public void launcherSessionClosed(LauncherSession session) {
    for (int i = 0; i < COLLECTIONS; i++) {
      collectGarbage();
      detectors.forEach(LeaksFailTheBuild::lookForLeaks);
    }
    if (!leaks.isEmpty()) {
      // Netty has logged each with the places that touched it.
      throw new AssertionError(leaks.size() + " leaked, see LEAK above: " + leaks);
    }
  }

  private static void collectGarbage() {
    ReferenceQueue<Object> collected = new ReferenceQueue<>();
    WeakReference<Object> sentinel = new WeakReference<>(new Object(), collected);
    System.gc();
    try {
      if (collected.remove(COLLECTION_TIMEOUT_MILLIS) != sentinel) {
        throw new AssertionError("no garbage collection: leaks cannot be seen");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted while looking for leaks", e);
    }
  }

  /** A detector looks at what was collected only when the next resource comes: here it comes. */
  @SuppressWarnings("unchecked") // A detector never touches its resource, it only watches it.
  private static <T> void lookForLeaks(ResourceLeakDetector<T> detector) {
    T probe = (T) new Object();
    ResourceLeakTracker<T> tracker = detector.trackForcibly(probe);
    tracker.close(probe);
  }

  private final class RecordingFactory extends ResourceLeakDetectorFactory {

    @Override
    public <T> ResourceLeakDetector<T> newResourceLeakDetector(
        Class<T> resource, int samplingInterval) {
      ResourceLeakDetector<T> detector = new ResourceLeakDetector<>(resource, samplingInterval);
      detector.setLeakListener((resourceType, records) -> leaks.add(resourceType));
      detectors.add(detector);
      return detector;
    }

    @Override
    @SuppressWarnings("deprecation")
    public <T> ResourceLeakDetector<T> newResourceLeakDetector(
        Class<T> resource, int samplingInterval, long maxActive) {
      return newResourceLeakDetector(resource, samplingInterval);
    }
  }
}
